import { inWords } from "./words.js";

/** The fields of clients that we know and cannot honour, and why. What nobody knows is kept without a word. */
const WHY: Record<string, string> = {
  sandbox: "a server runs without a sandbox",
  sandboxenabled: "a server runs without a sandbox",
  dev: "a server is neither watched nor debugged",
  watchpaths: "a server is not restarted when a file changes",
  shell: "a command is started without a shell",
  remote: "a server runs on this machine",
  settings: "they are for an extension of Zed",
  sampling: "who answers a server's questions is said in code",
  roots: "roots are a session's own",
  proxy: "a proxy is an option of the transport, or HTTPS_PROXY",
  verifyssl: "certificates are always checked; pass tls: { ca }",
  cabundlepath: "certificates are an option of the transport: tls: { ca }",
  rejectunauthorized: "certificates are always checked; pass tls: { ca }",
  tls: "certificates are an option of the transport",
  clientcertificate: "certificates are an option of the transport",
  ssereadtimeout: "how long a stream may be silent is an option of the transport",
  readtimeout: "how long a stream may be silent is an option of the transport",
  oauthresource: "the sign-in finds it out by itself",
  required: "pass strict, for all servers",
  defaulttoolsapprovalmode: "nobody is asked before a call",
  targetaudience: "there is no provider of Google's",
  targetserviceaccount: "there is no provider of Google's",
  retry: "attempts are an option of the transport",
  maxretries: "attempts are an option of the transport",
  reconnect: "attempts are an option of the transport",
};

/** The fields that say nothing to a local server, or nothing to a remote one. */
const REMOTE_ONLY = ["headers", "auth", "oauth"];
const LOCAL_ONLY = ["args", "env", "cwd", "envFile"];

/** Tells what an entry says in vain. */
export function warnOfFields(
  fields: Record<string, unknown>,
  isRemote: boolean,
  warn: (path: string, why: string) => void,
): void {
  for (const [key, value] of Object.entries(fields)) {
    const why = WHY[inWords(key)];
    if (why !== undefined && value !== false) warn(key, `is not honoured: ${why}`);
  }
  for (const key of isRemote ? LOCAL_ONLY : REMOTE_ONLY)
    if (Object.keys(Object(fields[key])).length > 0)
      warn(key, `is not honoured: it is for a ${isRemote ? "local" : "remote"} server`);
}
