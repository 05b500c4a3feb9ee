import { closestMatch } from "leven";

/** `; did you mean "echo"?`, where one of the names is near enough to what was given. */
export function didYouMean(given: string, names: readonly string[]): string {
  const maxDistance = given.length < 4 ? 1 : given.length < 9 ? 2 : 3;
  const found = closestMatch(
    given.toLowerCase(),
    names.map((name) => name.toLowerCase()),
    { maxDistance },
  );
  const name = names.find((one) => one.toLowerCase() === found);
  return name === undefined ? "" : `; did you mean ${JSON.stringify(name)}?`;
}

/** Problems one after the other; a question ends a sentence. */
export const sentences = (problems: readonly string[]): string => problems.join("; ").replaceAll("?; ", "? ");
