import { unwatchFile, watchFile } from "node:fs";
import { readFile, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Option } from "commander";
import type { ClientTransport } from "../../index.js";
import { createInspector, type Inspector } from "../../inspect/index.js";
import { defaultDirectory, keepAliveWhile, keyIn, messageOf, readPrivate } from "../../internal.js";
import { type HttpOptions, type OAuthServing, type Served, serve } from "../../serve/index.js";
import { EXIT, UsageError } from "../terminal/exit.js";
import { describeTransition } from "../terminal/format.js";
import { say } from "../terminal/print.js";
import { onSignals } from "../terminal/signals.js";
import { agreedTarget } from "./target.js";
import { type TargetOptions, targetCommand } from "./target-options.js";

interface ServeCommandOptions extends TargetOptions {
  http?: Pick<HttpOptions, "host" | "port">;
  path?: string;
  tokenFile?: string;
  oauth?: string;
  sessionKeyFile?: string;
  newKey?: true;
  allowHost: string[];
  allowOrigin: string[];
  maxSessions?: number;
  idle?: number;
  maxBody?: number;
  tlsCert?: string;
  tlsKey?: string;
  sse?: true;
  inspect?: true;
  /** The mark of an entry that `wrap` wrote: its host gives the server's environment to us. */
  wrapped?: string;
}

const addressOf = (text: string): Pick<HttpOptions, "host" | "port"> => {
  const [, host, port] = /^(?:(.+):)?(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined) throw new UsageError(`--http: expected HOST:PORT, got ${JSON.stringify(text)}`);
  return { ...(host !== undefined && { host }), port: Number(port) };
};

const numberOf = (option: string, unit: number) => (text: string) => {
  const value = Number(text);
  if (!(value > 0)) throw new UsageError(`${option}: expected a number above 0, got ${JSON.stringify(text)}`);
  return value * unit;
};

const more = (text: string, before: string[]) => [...before, text];

export const serveCommand = targetCommand("serve")
  .option("--http <host:port>", "over Streamable HTTP; 127.0.0.1:0 takes a free port", addressOf)
  .option("--path <path>", "where all servers are reached; each is at PATH/NAME (default: /mcp)")
  .option("--token-file <file>", "the bearer token that clients must send; required off this machine")
  .option(
    "--oauth <issuer>",
    "takes the tokens of this authorization server; or a file of JSON, which nobody else may read, with more",
  )
  .option(
    "--session-key-file <file>",
    "the secret with which sessions go on after a restart of serve (default: one beside the credentials)",
  )
  .option("--new-key", "makes another secret: sessions from before have to initialize anew")
  .option("--allow-host <name>", "a host name under which clients may ask; may be repeated", more, [])
  .option("--allow-origin <name>", "the host name of a web page that may ask; may be repeated", more, [])
  .option(
    "--max-sessions <count>",
    "of legacy clients at once (default: 1000)",
    numberOf("--max-sessions", 1),
  )
  .option("--idle <seconds>", "ends the session of a silent client (default: 1800)", numberOf("--idle", 1000))
  .option("--shared", "on stdio, with one daemon for all hosts of this user; see docs/shared.md")
  .option("--max-body <bytes>", "of a request (default: 4194304)", numberOf("--max-body", 1))
  .option("--tls-cert <file>", "the certificate, as PEM: over HTTPS, together with --tls-key")
  .option("--tls-key <file>", "its key, which nobody else may read")
  .option("--sse", "also for clients that speak HTTP+SSE only, at /sse")
  .option("--inspect", "a page that shows all connections, as of the command inspect")
  .option("--watch", "follow the config file")
  .addOption(new Option("--wrapped <form>", "the mark of holdfast wrap").hideHelp())
  .action(async (args: string[], options: ServeCommandOptions) => {
    printOnStderr();
    if (options.wrapped !== undefined) options.env = allOfHost(options.env);
    const { transport, rest } = await agreedTarget(args, options);
    if (rest.length > 0) throw new UsageError(`unexpected argument: ${rest[0]}`);
    const stop = showChanges(transport);
    const page = options.inspect && (await inspected(transport));
    try {
      const served = await serve(
        transport,
        options.http ? { http: await httpOptions(options) } : { stdio: true },
      );
      if (options.oauth !== undefined && options.http)
        say("all clients use the same credentials for the servers behind this one");
      say(served.url ? `serving ${served.url}` : `serving ${transport.name} on stdio`);
      const unfollow = followTls(served, options);
      await keepAliveWhile(untilEnd(served)).finally(unfollow);
    } finally {
      stop();
      await transport.close();
      if (page) await page.close();
    }
  });

/** The server of a wrapped entry gets what its host would have given to it. */
function allOfHost(more: TargetOptions["env"]): "inherit" {
  Object.assign(process.env, more);
  // What the npx that runs us was told is not for one that runs the server.
  for (const name of ["npm_config_package", "npm_config_call"]) delete process.env[name];
  return "inherit";
}

async function inspected(transport: ClientTransport): Promise<Inspector> {
  const page = await createInspector({ transports: [transport] });
  say(`inspector ${page.url}`);
  return page;
}

async function httpOptions(options: ServeCommandOptions): Promise<HttpOptions> {
  const { http, path, tokenFile, allowHost, allowOrigin, maxSessions, idle, maxBody } = options;
  const tls = await tlsOf(options);
  return {
    ...http,
    ...(path !== undefined && { path }),
    ...(tokenFile !== undefined && { token: await wordIn("--token-file", tokenFile) }),
    ...(options.oauth !== undefined && { oauth: await oauthOf(options.oauth) }),
    ...(await sessionKeyOf(options)),
    ...(allowHost.length > 0 && { allowedHosts: allowHost }),
    ...(allowOrigin.length > 0 && { allowedOrigins: allowOrigin }),
    ...(maxSessions !== undefined && { maxSessions }),
    ...(idle !== undefined && { idleMs: idle }),
    ...(maxBody !== undefined && { maxBodyBytes: maxBody }),
    ...(tls && { tls }),
    ...(options.sse && { sse: true }),
  };
}

/** An issuer, or a file with what else is to be said of it. What is wrong in it, `serve` says. */
async function oauthOf(given: string): Promise<OAuthServing> {
  if (/^https?:/i.test(given)) return { issuer: given };
  const text = await naming("--oauth", readPrivate(given));
  try {
    return JSON.parse(text) as OAuthServing;
  } catch {
    throw new UsageError(`--oauth: expected the URL of an issuer, or a file of JSON; ${given} is not JSON`);
  }
}

async function sessionKeyOf({ sessionKeyFile, newKey }: ServeCommandOptions) {
  if (sessionKeyFile !== undefined) {
    if (newKey)
      throw new UsageError("--new-key is for the key beside the credentials, not --session-key-file");
    return { sessionKey: await wordIn("--session-key-file", sessionKeyFile) };
  }
  const path = join(dirname(defaultDirectory()), "serve-key");
  try {
    return { sessionKey: await keyIn(path, { renew: newKey === true }) };
  } catch (error) {
    if (newKey) throw new UsageError(`--new-key: ${messageOf(error)}`);
    say(`sessions will not outlive a restart of serve: ${messageOf(error)}`);
    return {};
  }
}

async function tlsOf({ tlsCert, tlsKey }: ServeCommandOptions): Promise<HttpOptions["tls"]> {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined)
    throw new UsageError("--tls-cert and --tls-key: give both, the certificate and its key");
  return {
    cert: await naming("--tls-cert", readFile(tlsCert, "utf8")),
    // What renews certificates puts a link here.
    key: await naming("--tls-key", realpath(tlsKey).then(readPrivate)),
  };
}

/** Takes a renewed certificate. It is looked for by name: what renews it may turn over a link, or one to a folder above. */
function followTls(served: Served, options: ServeCommandOptions): () => void {
  const files = [options.tlsCert, options.tlsKey].filter((file) => file !== undefined);
  const renew = async () => {
    try {
      const tls = await tlsOf(options);
      if (tls) served.renewTls?.(tls);
      say("the certificate was renewed");
    } catch (error) {
      // Its key may come a moment later, and is looked at then.
      say(`the certificate stays as it was: ${messageOf(error)}`);
    }
  };
  const changed = () => void renew();
  for (const file of files) watchFile(file, { persistent: false }, changed);
  return () => {
    for (const file of files) unwatchFile(file, changed);
  };
}

async function naming(option: string, reading: Promise<string>): Promise<string> {
  try {
    return await reading;
  } catch (error) {
    throw new UsageError(`${option}: ${messageOf(error)}`);
  }
}

/** Whoever can read or write the file can call every server that is served. */
async function wordIn(option: string, file: string): Promise<string> {
  const word = (await naming(option, readPrivate(file))).trim();
  if (!/^\S+$/.test(word)) throw new UsageError(`${option}: ${file} does not hold one word, the secret`);
  return word;
}

/** Why a server is down is what the person at this terminal wants to know. */
function showChanges(transport: ClientTransport): () => void {
  const isNews = ({ to }: { to: string }) => to === "connecting.waiting";
  return transport.subscribe((_status, event) => {
    const { name, inner } =
      event.type === "server"
        ? { name: event.server, inner: event.event }
        : { name: transport.name, inner: event };
    if (inner.type === "transition" && isNews(inner)) say(`${name}: ${describeTransition(inner)}`);
  });
}

/** stdout belongs to the protocol: what any library prints goes to the other stream. */
function printOnStderr(): void {
  console.log = console.info = console.debug = console.error;
}

/** The first signal lets what runs come to its end, a second one does not. */
async function untilEnd(served: Served): Promise<void> {
  let draining = false;
  const stop = onSignals(() => {
    if (draining) process.exit(EXIT.interrupted);
    draining = true;
    say("ending: what runs comes to its end; a second signal does not wait");
    void served.drain();
  });
  await served.closed;
  stop();
}
