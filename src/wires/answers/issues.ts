import { excerpt, shapeOf } from "./excerpt.js";

export type Path = readonly PropertyKey[];

/** What a schema of the SDK says of a value. */
export interface Issue {
  readonly path: Path;
  readonly message: string;
  readonly code?: string;
  readonly expected?: string;
  readonly maximum?: number;
  readonly keys?: readonly string[];
  /** Of a union: what each of its members says. */
  readonly errors?: readonly (readonly Issue[])[];
}

/** What is wrong with a value; nothing: the SDK's Client accepts it. */
export type Check = (value: unknown) => readonly Issue[];

/** The issues themselves: a union says what the member says that the value means to be, by its `type`. */
export function leavesOf(issues: readonly Issue[]): Issue[] {
  return issues.flatMap((issue) => {
    const meant = (issue.errors ?? [])
      .filter((errors) => !errors.some(({ path }) => path.at(-1) === "type" && path.length === 1))
      .sort((a, b) => a.length - b.length)[0];
    if (!meant || meant.length === 0) return [issue];
    return leavesOf(meant.map((each) => ({ ...each, path: [...issue.path, ...each.path] })));
  });
}

export function valueAt(value: unknown, path: Path): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, key)) return undefined;
    found = Reflect.get(found, key);
  }
  return found;
}

export function pathOf(path: Path): string {
  return path.reduce<string>(
    (text, key) =>
      typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`,
    "",
  );
}

/** One issue as a clause: "tools[0].name is null, expected string". */
export function clauseOf(issue: Issue, value: unknown): string {
  const found = valueAt(value, issue.path);
  const where = issue.path.length === 0 ? "it" : pathOf(issue.path).slice(0, 100);
  const shown = typeof found === "string" ? excerpt(JSON.stringify(found)).slice(0, 60) : shapeOf(found);
  const wanted = /expected (.+?)(?:, received .*)?$/.exec(issue.message)?.[1];
  return `${where} is ${shown}${wanted ? `, expected ${wanted.slice(0, 100)}` : ""}`;
}
