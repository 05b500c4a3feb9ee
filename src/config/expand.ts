import { homedir } from "node:os";
import { basename, delimiter, sep } from "node:path";

/** Where the values of `${…}` come from. */
export interface Variables {
  /** The values by name. Default: the environment of this program. */
  variables?: Record<string, string | undefined>;
  /** Answers VS Code's `${input:ID}`. Undefined: there is no answer. Default: no input has one. */
  inputs?: ((id: string) => string | undefined) | undefined;
}

/**
 * `$$`, `${NAME}`, `${env:NAME}`, each with `:-DEFAULT`, `${input:ID}`, Continue's `${{ secrets.NAME }}` and opencode's `{env:NAME}`.
 * Any other form is somebody else's, and stays as it is. A name has no brace: looking for its end stops at the next one.
 */
const FORM = new RegExp(
  [
    /\$\$(?:\{[^{}]*\})?/,
    /\$\{\{ *(?<part>secrets|inputs|env)\.(?<member>\w+) *\}\}/,
    /\$?\{(?<scope>env|input|workspaceFolder|config|command|file):(?!-)(?<scoped>[^{}:]+)(?::-(?<or>[^}]*))?\}/,
    /\$\{(?<name>\/|[A-Za-z_][\w.]*(?:\(x86\))?)(?::-(?<fallback>[^}]*))?\}/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "g",
);

/** A variable in one of the forms. */
interface Asked {
  scope: string | undefined;
  name: string;
  fallback: string | undefined;
}

/**
 * Replaces the variables in a text: `${VAR}`, `${env:VAR}`, `${VAR:-default}`, `${input:ID}` and the names that VS Code
 * predefines; on Windows also `%VAR%` where it is set. `$$` becomes one `$`. `problem` is called for each one that has no value; the
 * message holds its name only.
 */
export function expand(
  text: string,
  { variables = process.env, inputs }: Variables,
  problem: (why: string) => void,
  platform = process.platform,
): string {
  // Behind the last brace there is no form. Looking for its end from every `${` would cost the square of the text.
  const end = text.lastIndexOf("}") + 1;
  const expanded = text.slice(0, end).replace(FORM, (form: string, ...groups: unknown[]) => {
    if (form.startsWith("$$")) return form.slice(1);
    const asked = askedFor(groups.at(-1) as Record<string, string | undefined>);
    // `{input:x}` and the like without a dollar are no form of anybody.
    if (!form.startsWith("$") && asked.scope !== "env") return form;
    const value = lookUp(asked, variables, inputs) ?? asked.fallback;
    if (value !== undefined) return value;
    problem(whyNot(asked));
    return "";
  });
  const whole = expanded + text.slice(end).replaceAll("$$", () => "$");
  if (platform !== "win32") return whole;
  return whole.replace(/%([A-Za-z_][\w()]*)%/g, (form, name: string) => variables[name] ?? form);
}

function askedFor(groups: Record<string, string | undefined>): Asked {
  const { part, member, scope, scoped, or, name, fallback } = groups;
  if (member !== undefined)
    return { scope: part === "inputs" ? "input" : undefined, name: member, fallback: undefined };
  return scoped !== undefined
    ? { scope, name: scoped, fallback: or }
    : { scope: undefined, name: name!, fallback };
}

function whyNot({ scope, name }: Asked): string {
  if (scope === "input") return `the input ${JSON.stringify(name)} has no answer; pass inputs: (id) => value`;
  if (scope !== undefined && scope !== "env")
    return `\${${scope}:…} is not supported: it has a meaning in its own editor only; write the value`;
  return `the variable ${name} is not set; set it, or give a default: \${${name}:-default}`;
}

function lookUp(
  { scope, name }: Asked,
  variables: Record<string, string | undefined>,
  inputs: Variables["inputs"],
): string | undefined {
  if (scope === "input") return inputs?.(name);
  // Of several folders of a workspace only the one that has this name is known.
  if (scope === "workspaceFolder") return name === basename(process.cwd()) ? process.cwd() : undefined;
  if (scope !== undefined && scope !== "env") return undefined;
  // An empty variable counts as unset, as in a shell's `:-`.
  return variables[name] || (scope === undefined ? PREDEFINED[name]?.() : undefined);
}

/** The names that VS Code predefines. */
const PREDEFINED: Record<string, (() => string) | undefined> = {
  workspaceFolder: () => process.cwd(),
  workspaceFolderBasename: () => basename(process.cwd()),
  workspaceRoot: () => process.cwd(),
  workspaceRootFolderName: () => basename(process.cwd()),
  cwd: () => process.cwd(),
  userHome: homedir,
  execPath: () => process.execPath,
  pathSeparator: () => sep,
  "/": () => sep,
  pathDelimiter: () => delimiter,
};

/** A path that begins in the home folder, as a shell reads it. */
export const fromHome = (path: string): string =>
  /^~(?=[/\\]|$)/.test(path) ? `${homedir()}${path.slice(1)}` : path;

/** The ids of VS Code's inputs that a text asks for. */
export function inputsIn(text: string): string[] {
  const forms = [...text.slice(0, text.lastIndexOf("}") + 1).matchAll(FORM)];
  const asked = forms
    .filter(([form]) => form.startsWith("${"))
    .map(({ groups }) => askedFor(groups!))
    .filter(({ scope }) => scope === "input");
  return [...new Set(asked.map(({ name }) => name))];
}
