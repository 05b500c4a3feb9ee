import { Command } from "commander";
import { DEFAULTS, type StoredCredential } from "../../index.js";
import {
  keepAliveWhile,
  messageOf,
  type Revocation,
  redactor,
  revoke,
  safeFetch,
  singleRequest,
} from "../../internal.js";
import { print, printJson, say } from "../terminal/print.js";
import { cliStore } from "./sign-in.js";
import { type Remote, type RemoteChoice, remotesOf } from "./sign-in-targets.js";
import { trustOption } from "./trust.js";

export const logoutCommandLine = new Command("logout")
  .argument("<target>", "a URL, a config, or a client's name (cursor, cursor:weather)")
  .option("--server <name>", "only this server of a config")
  .option("--json", "what was removed, as JSON")
  .addOption(trustOption())
  .action(async (target: string, options: RemoteChoice & { json?: boolean }) => {
    const results: SignedOut[] = [];
    // The requests do not keep the program alive by themselves.
    for (const remote of await remotesOf(target, options))
      results.push(await keepAliveWhile(signOutOf(remote, options.json ? () => {} : print)));
    if (options.json) printJson(results);
  });

/** What a sign-out did, as `--json` prints it. */
interface SignedOut {
  server: string;
  removed: { issuer: string; tokens: boolean; registration: boolean; revocation: string }[];
}

async function signOutOf({ name, key }: Remote, tell: (text: string) => void): Promise<SignedOut> {
  // First remove what is stored here, whatever the authorization server answers later.
  const credentials = await cliStore().update(key, async ({ stored, save }) => {
    if (stored.length > 0) await save([]);
    return stored;
  });
  if (credentials.length === 0) tell(`${name}: nothing was stored`);
  const removed: SignedOut["removed"] = [];
  for (const credential of credentials) {
    const { issuer } = credential;
    const [tokens, registration] = [!!credential.tokens, !!credential.registration];
    const what = [tokens && "the tokens", registration && "the client's registration"]
      .filter(Boolean)
      .join(" and ");
    tell(`${name}: removed ${what || "what was stored"} of ${issuer}`);
    const revocation = await revocationMessage(credential);
    say(`${name}: ${revocation}`);
    removed.push({ issuer, tokens, registration, revocation });
  }
  return { server: name, removed };
}

/** Asks the authorization server to revoke the refresh token, and returns the result as a sentence. */
async function revocationMessage(credential: StoredCredential): Promise<string> {
  const { tokens, registration, issuer } = credential;
  const secrets = [tokens?.access_token, tokens?.refresh_token, registration?.client_secret];
  const server = new URL(credential.server);
  try {
    return SAID[await revoke(credential, safeFetch(requestsFor(server), server))];
  } catch (error) {
    const redact = redactor(secrets.filter((secret) => secret !== undefined));
    return `${issuer} could not be told to revoke the refresh token: ${redact(messageOf(error))}`;
  }
}

const SAID: Record<Revocation, string> = {
  revoked: "the authorization server has revoked the refresh token",
  "not-offered": "the authorization server takes no revocations; its tokens are good until they expire",
  "nothing-to-revoke": "there was no refresh token to revoke",
};

const requestsFor = (server: URL) => (url: string | URL, init?: RequestInit) =>
  singleRequest(
    {
      url: server,
      fetch: undefined,
      tls: undefined,
      proxy: undefined,
      connectTimeoutMs: DEFAULTS.connectTimeoutMs,
    },
    [url, init],
  );
