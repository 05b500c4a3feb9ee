import type { Fields } from "../base/fields.js";
import { isObject } from "./dialects.js";
import { warnOfFields } from "./not-honoured.js";
import { readSignIn } from "./oauth-fields.js";
import { readTimeouts } from "./timeouts.js";
import { booleanOf, inWords, kindIn, renameFields } from "./words.js";

type Say = (path: string, why: string) => void;

/** Who is told what is wrong with an entry, and what of it is not honoured. Paths begin with our names. */
export interface Says {
  problem: Say;
  warn: Say;
}

/** One server of a config in our words, its values not checked yet. */
export interface Entry {
  fields: Fields;
  /** The name that each field has in the file, for messages. */
  named: Record<string, string>;
  /** Switched off, or nothing that could be reached: it is left out, and not checked, because it may be unfinished. */
  off: boolean;
}

/** What only its own client can run. */
const INSIDE: Record<string, string> = {
  builtin: "is built into Goose",
  platform: "is built into Goose",
  frontend: "is built into Goose",
  inline_python: "is run by Goose itself",
  sdk: "runs inside another program",
};

/** Reads one entry in any dialect. `isSet`: whether a variable has a value. */
export function readEntry(
  entry: Fields,
  isSet: (variable: string) => boolean,
  says: (named: Record<string, string>) => Says,
): Entry {
  const { fields: written, named } = renameFields(unnested(entry));
  const tell = says(named);
  const { enabled, disabled, ...rest } = written;
  const off = booleanOf(disabled) === true || booleanOf(enabled) === false;
  if (off) return { fields: rest, named, off };
  for (const [key, value] of Object.entries({ enabled, disabled }))
    if (value !== undefined && booleanOf(value) === undefined) tell.problem(key, "expected true or false");
  const inside = INSIDE[String(rest["transport"])] ?? (rest["source"] === "extension" ? IN_ZED : undefined);
  if (inside !== undefined && rest["command"] === undefined && rest["url"] === undefined) {
    tell.warn("", `is left out: it ${inside}`);
    return { fields: rest, named, off: true };
  }
  const helper = Object.keys(rest).find((key) => inWords(key) === "headershelper");
  if (helper !== undefined)
    tell.problem(helper, "is not supported: no program is run for headers; give headers, or auth");
  const fields = STEPS.reduce((before, step) => step(before, { named, isSet, ...tell }), rest);
  warnOfFields(fields, fields["url"] !== undefined, tell.warn);
  return { fields, named, off };
}

const IN_ZED = "is run by an extension of Zed";

/** Continue and Zed once wrote the way of a server in an object of its own. */
function unnested(entry: Fields): Fields {
  const { transport, command, ...rest } = entry;
  const way = isObject(transport) ? transport : transport === undefined ? {} : { transport };
  if (!isObject(command)) return { ...rest, ...(command !== undefined && { command }), ...way };
  const { path, ...more } = command;
  return { ...rest, ...way, ...(path !== undefined && { command: path }), ...more };
}

interface StepContext extends Says {
  named: Record<string, string>;
  isSet: (variable: string) => boolean;
}
type Step = (fields: Fields, context: StepContext) => Fields;

/** A command with its arguments in one list, and arguments that are a single word. */
const commandAndArgs: Step = ({ command: line, args, ...fields }) => {
  const { url, ...others } = fields;
  // Forms write an empty text for what is not set.
  const command = line === "" && url ? undefined : line;
  const rest = url === "" && command ? others : fields;
  const [program, ...first] = Array.isArray(command) ? command : [command];
  const word = typeof args === "string" && /^\S+$/.test(args);
  const given = word ? [args] : args;
  const all = first.length === 0 ? given : Array.isArray(given) ? [...first, ...given] : first;
  return {
    ...rest,
    ...(program !== undefined && program !== null && { command: program }),
    ...(all !== undefined && { args: all }),
  };
};

/** In Gemini's dialect `httpUrl` means Streamable HTTP; `url` is used for both, so the path of the URL decides. */
const way: Step = ({ transport, ...rest }, { named }) => {
  const kind = typeof transport === "string" ? kindIn(transport) : transport;
  const said = kind ?? (inWords(named["url"] ?? "") === "httpurl" ? "http" : undefined);
  return { ...rest, ...(said !== undefined && { transport: said }) };
};

/** Variables as a list of `NAME=value`, and those that are passed on by their names. */
const variables: Step = ({ env, passedEnv, ...rest }, { named, isSet, warn, problem }) => {
  const pairs = Array.isArray(env) ? env.map(pairOf) : [];
  const own = pairs.length > 0 && pairs.every((pair) => pair !== undefined) ? Object.fromEntries(pairs) : env;
  if (passedEnv === undefined) return own === undefined ? rest : { ...rest, env: own };
  if (!Array.isArray(passedEnv)) problem("passedEnv", "expected a list of names");
  const names = (Array.isArray(passedEnv) ? passedEnv : []).map((each) =>
    String(isObject(each) ? each["name"] : each),
  );
  // Goose keeps those in a keychain of its own.
  if (inWords(named["passedEnv"] ?? "") === "envkeys")
    for (const name of names.filter((each) => !isSet(each) && !Object.hasOwn(Object(own), each)))
      warn("passedEnv", `${name} is not set in the environment, and Goose's keychain is not read`);
  const passed = names.filter(isSet).map((name) => [name, `\${env:${name}}`]);
  return {
    ...rest,
    env: isObject(own) || own === undefined ? { ...Object.fromEntries(passed), ...own } : own,
  };
};

function pairOf(item: unknown): [string, unknown] | undefined {
  if (isObject(item) && typeof item["name"] === "string") return [item["name"], item["value"]];
  const at = typeof item === "string" ? item.indexOf("=") : -1;
  return at > 0 ? [(item as string).slice(0, at), (item as string).slice(at + 1)] : undefined;
}

/** Headers of Continue's and others' requests, and Codex's, whose values are variables. */
const headers: Step = ({ headers: own, request, envHeaders, ...rest }, { warn }) => {
  const { headers: inner, ...others } = isObject(request) ? request : {};
  for (const key of Object.keys(others)) warn(`request.${key}`, "is not honoured: give it to the transport");
  const looked = Object.entries(isObject(envHeaders) ? envHeaders : {}).map(([name, variable]) => [
    name,
    `\${env:${String(variable)}}`,
  ]);
  if (looked.length === 0 && inner === undefined) return own === undefined ? rest : { ...rest, headers: own };
  const all = { ...(isObject(inner) && inner), ...Object.fromEntries(looked), ...(isObject(own) && own) };
  return { ...rest, headers: all };
};

const signIn: Step = (fields, { named, ...says }) => {
  // Cursor writes the fields of `oauth` under `auth`.
  if (isObject(fields["auth"]) && named["auth"] !== undefined) named["oauth"] ??= named["auth"];
  return readSignIn(fields, says);
};

/** Goose counts in seconds, Cline and Roo too; only their dialects have these words. */
const timeouts: Step = (fields, { named, warn }) => {
  const words = new Set([named["command"], named["url"], named["env"]]);
  const goose = words.has("cmd") || words.has("uri") || words.has("envs");
  const cline = Object.keys(fields).some((key) => ["autoapprove", "alwaysallow"].includes(inWords(key)));
  return readTimeouts(fields, goose ? "all" : cline ? "small" : undefined, warn);
};

/** Copilot lists the tools that may be used; others say of each by name whether it is on. */
const tools: Step = ({ tools: rules, availableTools, ...rest }) => {
  const listed = typeof rules === "string" ? [rules] : rules;
  const all = Array.isArray(listed) && listed.includes("*");
  const only = Array.isArray(listed) ? (all ? undefined : listed) : nonEmpty(availableTools);
  return {
    ...rest,
    ...(isObject(rules) && { tools: switched(rules) }),
    ...(only !== undefined && { includeTools: only }),
  };
};

/** In Goose an empty list means all. */
const nonEmpty = (list: unknown) => (Array.isArray(list) && list.length === 0 ? undefined : list);

const switched = (rules: Fields): Fields =>
  Object.fromEntries(
    Object.entries(rules).map(([tool, rule]) => [tool, typeof rule === "boolean" ? { enabled: rule } : rule]),
  );

const STEPS: readonly Step[] = [commandAndArgs, way, variables, headers, signIn, timeouts, tools];
