import type { ZodError } from "zod";

/** What a schema found wrong, each with the path of its field, in words without values. */
export const issuesOf = ({ issues }: ZodError): [path: string, why: string][] =>
  issues.map(({ path, message }) => [pathOf(path), message.replace(/^Invalid (input|option): /, "")]);

const pathOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (before, part) =>
      typeof part === "number" ? `${before}[${part}]` : before ? `${before}.${String(part)}` : String(part),
    "",
  );
