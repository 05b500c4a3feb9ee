import { homedir } from "node:os";
import { delimiter, sep } from "node:path";

/** Where the values of `${…}` come from. */
export interface Variables {
  /** The values by name. Default: the environment of this program. */
  variables?: Record<string, string | undefined>;
  /** Answers VS Code's `${input:ID}`. Undefined: there is no answer. Default: no input has one. */
  inputs?: ((id: string) => string | undefined) | undefined;
}

/** `$$`, `${NAME}`, `${SCOPE:NAME}` and `${NAME:-DEFAULT}`. A name has no brace: looking for its end stops at the next one. */
const FORM = /\$\$|\$\{(?:(\w+):(?!-))?([^{}:]+)(?::-([^}]*))?\}/g;

/**
 * Replaces the variables in a text: `${VAR}`, `${env:VAR}`, `${VAR:-default}`, `${input:ID}` and the names that VS Code
 * predefines. `$$` becomes one `$`. `problem` is called for each one that has no value; the message holds its name only.
 */
export function expand(
  text: string,
  { variables = process.env, inputs }: Variables,
  problem: (why: string) => void,
): string {
  // Behind the last brace there is no form. Looking for its end from every `${` would cost the square of the text.
  const end = text.lastIndexOf("}") + 1;
  const expanded = text
    .slice(0, end)
    .replace(FORM, (form: string, scope: string | undefined, name: string, fallback: string | undefined) => {
      if (form === "$$") return "$";
      const value = lookUp(scope, name, variables, inputs) ?? fallback;
      if (value !== undefined) return value;
      problem(
        scope === "input"
          ? `the input ${JSON.stringify(name)} has no answer; pass inputs: (id) => value`
          : `the variable ${name} is not set; set it, or give a default: \${${name}:-default}`,
      );
      return "";
    });
  return expanded + text.slice(end).replaceAll("$$", () => "$");
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

/** The names that VS Code predefines. */
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
    ...new Set(
      [...text.slice(0, text.lastIndexOf("}") + 1).matchAll(FORM)]
        .filter(([, scope]) => scope === "input")
        .map(([, , id]) => id!),
    ),
  ];
}
