import { type Fields, fieldsOf } from "../base/fields.js";
import { isObject } from "./dialects.js";
import { booleanOf, inWords } from "./words.js";

type Say = (path: string, why: string) => void;

/** Our name for each OAuth field of a client. */
const OURS: Record<string, string> = {
  clientid: "clientId",
  oauthclientid: "clientId",
  clientsecret: "clientSecret",
  oauthclientsecret: "clientSecret",
  scope: "scopes",
  scopes: "scopes",
  oauthscopes: "scopes",
  issuer: "issuer",
  clientname: "clientName",
  clientmetadataurl: "clientMetadataUrl",
  callbackport: "callbackPort",
  callbackhost: "callbackHost",
  tokenendpointauthmethod: "tokenEndpointAuthMethod",
};

interface Says {
  problem: Say;
  warn: Say;
}

/** Maps how a client says that a server is signed in to onto `auth` and `oauth`. */
export function readSignIn(fields: Fields, { problem, warn }: Says): Fields {
  const { oauth, oauthScopes, authProvider, tokenVariable, auth, ...rest } = fields;
  if (authProvider !== undefined && authProvider !== "dynamic_discovery")
    problem("authProvider", "is not supported: holdfast has no such provider; give auth, or headers");
  const token = tokenVariable === undefined ? auth : `\${env:${String(tokenVariable)}}`;
  const signIn: Fields = { ...rest };
  const read = (value: Fields, path: string) => Object.assign(signIn, readObject(value, path, problem, warn));
  if (isPlain(token)) read(token, "auth");
  else if (typeof token === "string") signIn["auth"] = token.replace(/^bearer +/i, "");
  else if (token !== undefined) signIn["auth"] = token;
  if (isPlain(oauth)) read(oauth, "oauth");
  else if (oauth !== undefined) {
    const on = booleanOf(oauth);
    if (on === undefined) problem("oauth", "expected an object, true or false");
    if (on) signIn["auth"] ??= "oauth";
  }
  if (authProvider === "dynamic_discovery") signIn["auth"] ??= "oauth";
  if (oauthScopes !== undefined) {
    signIn["auth"] ??= "oauth";
    signIn["oauth"] = { scopes: oauthScopes, ...fieldsOf(signIn["oauth"]) };
  }
  return signIn;
}

/** A provider of the SDK has methods; what stands in a file has none. */
const isPlain = (value: unknown): value is Fields =>
  isObject(value) &&
  [Object.prototype, null].includes(Object.getPrototypeOf(value)) &&
  Object.values(value).every((field) => typeof field !== "function");

function readObject(value: Fields, path: string, problem: Say, warn: Say): Fields {
  const oauth: Fields = {};
  let token: unknown;
  for (const [key, field] of Object.entries(value)) {
    const word = inWords(key);
    const ours = OURS[word];
    if (field === null || field === undefined) continue;
    if (ours !== undefined) oauth[ours] = field;
    else if (word === "token" || word === "accesstoken" || word === "bearertoken") token = field;
    else if (word === "enabled" && booleanOf(field) === false) return {};
    else if (word === "redirecturi" || word === "redirecturl")
      Object.assign(
        oauth,
        redirectOf(field, () => warn(`${path}.${key}`, ELSEWHERE)),
      );
    else if (word === "type" && TYPES.has(inWords(String(field)))) continue;
    else if (word === "type")
      problem(`${path}.${key}`, "is not supported: expected oauth, or bearer with a token");
    else if (word !== "enabled") warn(`${path}.${key}`, UNKNOWN);
  }
  return typeof token === "string"
    ? { auth: token.replace(/^bearer +/i, "") }
    : { auth: "oauth", oauth: withNumbers(oauth) };
}

const TYPES = new Set(["oauth", "oauth2", "oauth21", "bearer", "token"]);
const UNKNOWN = "is not honoured: a sign-in finds it out by itself, or has no such thing";
const ELSEWHERE = "is not honoured: the browser comes back to http://127.0.0.1:PORT/callback";

const withNumbers = (oauth: Fields): Fields => {
  const { callbackPort: port } = oauth;
  return typeof port === "string" && /^\d+$/.test(port) ? { ...oauth, callbackPort: Number(port) } : oauth;
};

/** Host and port of a redirect address; Kiro leaves out the scheme. */
function redirectOf(value: unknown, elsewhere: () => void): Fields {
  const text = String(value);
  const address = /^[a-z]+:\/\//i.test(text) ? text : `http://${text}`;
  const { hostname, port, pathname } = URL.canParse(address)
    ? new URL(address)
    : { hostname: "", port: "", pathname: "" };
  if (!/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname) || !/^\/(callback)?$/.test(pathname)) {
    elsewhere();
    return {};
  }
  return { callbackHost: hostname, ...(port && { callbackPort: Number(port) }) };
}
