import type { Fields } from "../base/fields.js";

/** A key without case, `_`, `-` and dots: each client spells the same words in its own way. */
export const inWords = (key: string): string => key.toLowerCase().replace(/[-_.]/g, "");

/** For each of our fields, its words in all dialects, as `inWords` has them. The first that is set wins. */
const WORDS: Record<string, readonly string[]> = {
  command: ["command", "cmd"],
  args: ["args", "arguments"],
  url: ["url", "serverurl", "httpurl", "uri", "endpoint"],
  transport: ["transport", "type", "transporttype"],
  keepAlive: ["keepalive"],
  era: ["era", "mode"],
  env: ["env", "envs", "environment", "environmentvariables"],
  envFile: ["envfile", "dotenv"],
  passedEnv: ["envvars", "envkeys"],
  cwd: ["cwd", "workingdirectory", "workingdir", "workdir"],
  headers: ["headers", "httpheaders", "requestheaders"],
  envHeaders: ["envhttpheaders"],
  request: ["requestinit", "requestoptions"],
  auth: [
    "auth",
    "authorization",
    "authorizationtoken",
    "bearertoken",
    "authtoken",
    "accesstoken",
    "token",
    "apikey",
  ],
  tokenVariable: ["bearertokenenvvar"],
  oauth: ["oauth"],
  oauthScopes: ["oauthscopes"],
  authProvider: ["authprovidertype"],
  tools: ["tools"],
  allow: ["allow"],
  deny: ["deny"],
  includeTags: ["includetags"],
  excludeTags: ["excludetags"],
  includeTools: ["includetools"],
  enabledTools: ["enabledtools", "allowedtools", "toolsallowed"],
  availableTools: ["availabletools"],
  excludeTools: ["excludetools"],
  disabledTools: ["disabledtools", "disallowedtools", "deniedtools", "blockedtools"],
  description: ["description"],
  disabled: ["disabled", "isdisabled"],
  enabled: ["enabled", "isenabled", "isactive", "active", "startonlaunch", "startup", "autostart"],
};

/** The fields of one entry under our names. */
export interface Renamed {
  /** What is set: null is as good as absent. Fields that nobody knows keep their names. */
  fields: Fields;
  /** The name that each of our fields has in the file, for messages. */
  named: Record<string, string>;
}

export function renameFields(entry: Fields): Renamed {
  const fields: Fields = Object.fromEntries(Object.entries(entry).filter(([, value]) => isSet(value)));
  const keys = Object.keys(fields);
  const named: Record<string, string> = {};
  for (const [ours, words] of Object.entries(WORDS)) {
    const written = words.flatMap((word) => keys.filter((key) => inWords(key) === word));
    const [first] = written;
    if (first === undefined) continue;
    const value = entry[first];
    for (const key of written) delete fields[key];
    fields[ours] = value;
    named[ours] = first;
  }
  return { fields, named };
}

/** Null is as good as absent. */
export const isSet = (value: unknown) => value !== null && value !== undefined;

const ON = new Set(["true", "yes", "on", "1", "enabled", "active"]);
const OFF = new Set(["false", "no", "off", "0", "disabled", "inactive"]);

/** A boolean, also in words. Undefined: it is none. */
export function booleanOf(value: unknown): boolean | undefined {
  const word = String(["string", "number", "boolean"].includes(typeof value) ? value : "")
    .trim()
    .toLowerCase();
  return ON.has(word) ? true : OFF.has(word) ? false : undefined;
}

const KINDS: Record<string, string | undefined> = {
  local: "stdio",
  process: "stdio",
  streamable: "http",
  streamablehttp: "http",
  httpstream: "http",
  httpstreaming: "http",
  httpstreamable: "http",
  streaminghttp: "http",
  https: "http",
  "http+sse": "sse",
  httpsse: "sse",
  websocket: "ws",
  websockets: "ws",
  wss: "ws",
};

/** Our word for how a server is reached. Undefined: what the URL says. An unknown word stays, and is refused by the schema. */
export function kindIn(word: string): string | undefined {
  const plain = inWords(word.trim()).replace(/ /g, "");
  if (plain === "remote" || plain === "") return undefined;
  return KINDS[plain] ?? (["stdio", "http", "sse", "ws"].includes(plain) ? plain : word);
}
