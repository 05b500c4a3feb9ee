import { Command, Option } from "commander";
import {
  type Authorizing,
  type CredentialStore,
  type FileStore,
  HoldfastError,
  type OAuthOptions,
  type OnAuthorize,
  type StoredCredential,
} from "../../index.js";
import { keepAliveWhile, messageOf, scopeText, transportOf } from "../../internal.js";
import { UsageError } from "../terminal/exit.js";
import { pastedLine } from "../terminal/pasted-line.js";
import { print, printJson, say } from "../terminal/print.js";
import { stopOnSignals } from "./run.js";
import { cliStore } from "./sign-in.js";
import { clientOptions, type Remote, type RemoteChoice, remotesOf } from "./sign-in-targets.js";
import { headerOption } from "./target-options.js";
import { trustOption } from "./trust.js";

interface LoginOptions extends RemoteChoice {
  browser: boolean;
  scope?: string;
  clientId?: string;
  callbackPort?: number;
  pageHost?: string[];
  strictResource?: boolean;
  json?: boolean;
}

const listed = (text: string, before: string[] = []): string[] => [...before, text];

const portOf = (text: string): number => {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new UsageError(`--callback-port: expected a port, got ${JSON.stringify(text)}`);
  return port;
};

export const loginCommandLine = new Command("login")
  .argument("<target>", "a URL, a config, or a client's name (cursor, cursor:weather)")
  .option("--server <name>", "only this server of a config")
  .option("--no-browser", "open none: print the address, and take the one that it ends at on stdin")
  .option("--scope <scopes>", "what to ask for; default: what the server advertises")
  .option("--client-id <id>", "a client that the authorization server knows (secret: HOLDFAST_CLIENT_SECRET)")
  .option(
    "--page-host <host>",
    "where the sign-in page may be besides its issuer's site; may be repeated",
    listed,
  )
  .option("--strict-resource", "refuse a server that asks for tokens which are good for more than itself")
  .option("--callback-port <port>", "where the browser is waited for; default: a free one", portOf)
  .option("--json", "who is signed in to, as JSON")
  .addOption(headerOption())
  .addOption(trustOption())
  .addOption(new Option("--transport <kind>", "how to reach a URL").choices(["http", "sse"]))
  .action(login);

async function login(target: string, options: LoginOptions): Promise<void> {
  const remotes = await remotesOf(target, options);
  const client = clientOptions(options);
  if (remotes.length > 1 && client.clientId !== undefined)
    throw new UsageError("--client-id is for one server: name it with --server");
  const store = cliStore();
  const failures: unknown[] = [];
  const results: SignedIn[] = [];
  // One after another, because there is one person to sign in.
  for (const remote of remotes)
    try {
      const result = await keepAliveWhile(signInTo(remote, options, client, store));
      results.push(result);
      if (!options.json) print(sentenceOf(result));
    } catch (error) {
      failures.push(error);
      if (remotes.length > 1) say(messageOf(error));
    }
  if (options.json && results.length > 0) printJson(results);
  if (remotes.length === 1 && failures.length > 0) throw failures[0];
  if (failures.length > 0) {
    const message = `not signed in to ${failures.length} of ${remotes.length} servers`;
    throw new HoldfastError("AUTH_REQUIRED", message, {});
  }
}

/** How a sign-in ended, as `--json` prints it. */
interface SignedIn {
  server: string;
  state: "signed-in" | "already-signed-in" | "not-needed";
  scope?: string;
  /** ISO 8601. */
  expiresAt?: string;
  /** Whether new tokens come by themselves. */
  renewed?: boolean;
}

async function signInTo(
  { name, server, key }: Remote,
  options: LoginOptions,
  client: OAuthOptions,
  store: FileStore,
): Promise<SignedIn> {
  const before = newest(await store.list(key), client);
  const ask = askFor(options.browser);
  let asked = false;
  const oauth: OAuthOptions = {
    // A client id of an earlier login is used again, so that it need not be repeated.
    ...(before && namedBy(before)),
    ...client,
    store: before && lacks(before, client) ? without(store, before) : store,
    onAuthorize: (url, context) => {
      asked = true;
      return ask(url, context) as Promise<string | undefined>;
    },
  };
  const transport = transportOf(name, server, { oauth, defaultAuth: "oauth" });
  const stop = stopOnSignals(transport);
  transport.subscribe((_status, event) => {
    if (event.type === "authorizing") sayStep(name, event.authorizing);
  });
  try {
    await transport.connect();
  } finally {
    await transport.close();
    stop();
  }
  const after = newest(await store.list(key), client);
  if (!after) return { server: name, state: "not-needed" };
  return { server: name, state: asked ? "signed-in" : "already-signed-in", ...termsOf(after) };
}

const newest = (stored: StoredCredential[], { clientId }: OAuthOptions) =>
  stored.find(({ tokens, client }) => tokens && (clientId === undefined || client === `id:${clientId}`));

function namedBy({ client, registration }: StoredCredential): OAuthOptions {
  if (!client.startsWith("id:")) return {};
  const secret = registration?.client_secret;
  return { clientId: client.slice(3), ...(secret !== undefined && { clientSecret: secret }) };
}

/** Whether the user asks for a scope that the stored tokens do not have. */
function lacks({ tokens }: StoredCredential, { scopes }: OAuthOptions): boolean {
  const had = (tokens?.scope ?? "").split(" ");
  return (scopeText(scopes) ?? "").split(" ").some((scope) => scope !== "" && !had.includes(scope));
}

/** The store as if these tokens were not in it, so that the person is asked. They stay stored until new ones replace them. */
function without(store: CredentialStore, { tokens: old }: StoredCredential): CredentialStore {
  return {
    list: async (server) =>
      (await store.list(server)).map((one) => {
        if (one.tokens?.access_token !== old?.access_token) return one;
        const { tokens: _, ...rest } = one;
        return rest;
      }),
    update: (...turn) => store.update(...turn),
  };
}

/** Sends the person to the sign-in page. Without a browser it also takes the address at which the sign-in ended, from stdin. */
const askFor =
  (browser: boolean): OnAuthorize =>
  async (url, { signal, openBrowser, question, notes }) => {
    say([`${question}.`, ...notes, `Open this page:\n\n${url.href}\n`].join("\n"));
    if (browser && (await openBrowser())) {
      say("It was opened in the browser. Waiting for you to sign in there; Ctrl-C gives up.");
      return undefined;
    }
    say(
      "Waiting for you to sign in there; Ctrl-C gives up. Where the browser cannot come back to this machine, " +
        "paste the address that it ends at:",
    );
    return pastedLine(signal);
  };

const STEPS: Record<Authorizing["step"], string> = {
  discovering: "asking the server who signs people in",
  registering: "registering this program there",
  waiting: "",
  exchanging: "trading the answer for a token",
  refreshing: "refreshing the token",
};

function sayStep(name: string, { step, notes = [] }: Authorizing): void {
  if (!STEPS[step]) return;
  for (const said of [STEPS[step], ...notes]) say(`${name}: ${said}`);
}

/** The granted scope, and for how long, without the token. */
function termsOf({ tokens, expiresAt }: StoredCredential): Partial<SignedIn> {
  return {
    ...(tokens?.scope && { scope: tokens.scope }),
    ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt).toISOString() }),
    ...(expiresAt !== undefined && tokens?.refresh_token && { renewed: true }),
  };
}

function sentenceOf({ server, state, scope, expiresAt, renewed }: SignedIn): string {
  if (state === "not-needed") return `${server} wants nobody to sign in`;
  const until = expiresAt && `until ${expiresAt}${renewed ? ", then renewed by itself" : ""}`;
  const terms = [scope && `scope: ${scope}`, until].filter(Boolean).join("; ");
  return `${state === "signed-in" ? "signed in to" : "already signed in to"} ${server}${terms && ` (${terms})`}`;
}
