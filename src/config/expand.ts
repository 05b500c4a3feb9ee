import { homedir } from "node:os";
import { delimiter, sep } from "node:path";

/** Where the values of variables come from. */
export interface Variables {
  /** Default: this program's environment. */
  variables?: Record<string, string | undefined>;
  /** Answers VS Code's `${input:ID}`. */
  inputs?: ((id: string) => string | undefined) | undefined;
}

/** `$$`, or `${…}` with a name, perhaps a scope in front, perhaps a default behind. */
const FORM = /\$\$|\$\{(?:(\w+):(?!-))?([^}:]+)(?::-([^}]*))?\}/g;

/**
 * A text with its variables replaced: `${VAR}`, `${env:VAR}`, `${VAR:-default}`, `${input:ID}`, VS Code's own names;
 * `$$` is one `$`. What cannot be replaced is told to `problem`, by name and never by value.
 */
export function expand(
  text: string,
  { variables = process.env, inputs }: Variables,
  problem: (why: string) => void,
): string {
  return text.replace(
    FORM,
    (form: string, scope: string | undefined, name: string, fallback: string | undefined) => {
      if (form === "$$") return "$";
      const value = lookUp(scope, name, variables, inputs) ?? fallback;
      if (value !== undefined) return value;
      problem(
        scope === "input"
          ? `the input ${JSON.stringify(name)} has no answer; pass inputs: (id) => value`
          : `the variable ${name} is not set; set it, or give a default: \${${name}:-default}`,
      );
      return "";
    },
  );
}

function lookUp(
  scope: string | undefined,
  name: string,
  variables: Record<string, string | undefined>,
  inputs: Variables["inputs"],
): string | undefined {
  if (scope === "input") return inputs?.(name);
  // An empty variable counts as unset, as in a shell's `:-`.
  return variables[name] || (scope === undefined ? PREDEFINED[name]?.() : undefined);
}

/** What VS Code defines besides the environment. */
const PREDEFINED: Record<string, () => string> = {
  workspaceFolder: () => process.cwd(),
  userHome: homedir,
  pathSeparator: () => sep,
  "/": () => sep,
  pathDelimiter: () => delimiter,
};

/** The ids of VS Code's inputs that a text asks for. */
export function inputsIn(text: string): string[] {
  return [
    ...new Set([...text.matchAll(FORM)].filter(([, scope]) => scope === "input").map(([, , id]) => id!)),
  ];
}
