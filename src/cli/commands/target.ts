import { Command, Option } from "commander";
import {
  type ClientTransport,
  type EraOption,
  inferTransport,
  type SharedOptions,
  StdioTransport,
} from "../../index.js";
import { authOf, isConfigFile } from "../../internal.js";
import { UsageError } from "../terminal/exit.js";
import { say } from "../terminal/print.js";
import { serverCommand } from "../terminal/server-command.js";
import { loginCommand, type Needing, unattended } from "./sign-in.js";
import {
  askForTrust,
  configOfClient,
  knownClient,
  lockOfClient,
  manifestDirectory,
  type TrustOptions,
  trustOption,
} from "./trust.js";

/** The options of every command that reaches a server. */
export interface TargetOptions extends TrustOptions {
  header: Record<string, string>;
  auth?: string;
  env: Record<string, string>;
  cwd?: string;
  transport?: "http" | "sse";
  era?: EraOption;
  timeout: number;
  /** A file in which all messages are recorded. */
  record?: string;
  verbose?: boolean;
  /** Follow the config file, if the target is one. */
  watch?: boolean;
  /** One server of a config that cannot be reached is an error. */
  strict?: boolean;
  /** Whether a config is compared with its lock, whatever it says itself. */
  pin?: "off";
}

const pair = (separator: RegExp, form: string) => (text: string, before: Record<string, string>) => {
  const at = text.search(separator);
  if (at <= 0) throw new UsageError(`expected ${form}, got ${JSON.stringify(text)}`);
  return { ...before, [text.slice(0, at).trim()]: text.slice(at + 1).trim() };
};

const seconds = (text: string) => {
  const value = Number(text);
  if (!(value > 0)) throw new UsageError(`--timeout: expected seconds above 0, got ${JSON.stringify(text)}`);
  return value * 1000;
};

export const headerOption = () =>
  new Option("--header <name: value>", "a header for a remote server; may be repeated")
    .argParser(pair(/:/, "NAME: VALUE"))
    .default({});

/** Makes a command on one server. Its first argument is the target, unless the server's command follows `--`. */
export function targetCommand(name: string, rest = ""): Command {
  return new Command(name)
    .usage(`[options] (<target>${rest} | ${rest ? `${rest.trim()} ` : ""}-- COMMAND ARGS)`)
    .argument(
      "[arguments...]",
      "a URL, a script, a config, a client's name (cursor, cursor:weather), or what this command needs besides",
    )
    .addOption(headerOption())
    .option("--auth <token>", "a bearer token for a remote server (or HOLDFAST_AUTH)")
    .option(
      "--env <NAME=value>",
      "a variable for a local server; may be repeated",
      pair(/=/, "NAME=VALUE"),
      {},
    )
    .option("--cwd <directory>", "where a local server runs")
    .addOption(new Option("--transport <kind>", "how to reach a URL").choices(["http", "sse"]))
    .addOption(new Option("--era <era>", "the protocol era").choices(["auto", "legacy", "modern"]))
    .addOption(
      new Option("--timeout <seconds>", "the deadline of a call").argParser(seconds).default(60_000, "60"),
    )
    .addOption(trustOption())
    .option("--record <file>", "record all messages, for holdfast replay and tests without the server")
    .option("--verbose", "show each transition and what the server writes to stderr");
}

/** The transport of a command line, and what else it says. */
export interface Chosen {
  transport: ClientTransport;
  /** The arguments after the target. */
  rest: string[];
  /** The servers that need a person to sign in. */
  needing: Needing;
}

/**
 * Makes the transport for the arguments, once a person agreed to what it starts.
 * @throws as `targetOf`
 */
export async function agreedTarget(args: string[], options: TargetOptions): Promise<Chosen> {
  if (!serverCommand()) await askForTrust(args[0], options);
  return targetOf(args, options);
}

/**
 * Makes the transport for the arguments.
 * @throws UsageError without a target
 * @throws HoldfastError `CONFIG_INVALID` for an option that this kind of transport does not have
 */
export function targetOf(args: string[], options: TargetOptions, shared: SharedOptions = {}): Chosen {
  const needing: Needing = new Map();
  const { header, auth, env, cwd, transport, era, verbose, record } = options;
  const given = {
    ...shared,
    logger: { warn: (message: string) => say(message) },
    ...(era && { era }),
    ...(record && { record }),
    ...(cwd && { cwd }),
    ...(Object.keys(env).length > 0 && { env }),
    ...(auth && { auth }),
    ...(transport && { transport }),
    ...(Object.keys(header).length > 0 && { headers: header }),
  };
  const onStderr = verbose && { onStderr: (line: string) => say(`  ${line}`) };
  const commandLine = serverCommand();
  if (commandLine) {
    const [command, ...commandArgs] = commandLine;
    if (command === undefined) throw new UsageError("expected a command after --");
    return {
      transport: new StdioTransport({ command, args: commandArgs, ...given, ...onStderr }),
      rest: args,
      needing,
    };
  }
  const [target, ...rest] = args;
  if (target === undefined)
    throw new UsageError(
      "expected a target: a URL, a script, a config, the name of a client, or -- COMMAND ARGS",
    );
  const known = knownClient(target);
  if (known) {
    const config = configOfClient(known);
    const lockFile = lockOfClient(known);
    const own = { manifestDirectory: manifestDirectory(), ...(lockFile !== undefined && { lockFile }) };
    const signIn = forConfig(needing, (server) =>
      loginCommand(known.server === undefined ? `${known.client}:${server}` : target),
    );
    return {
      transport: inferTransport(config, { name: target, ...own, ...signIn, ...given, ...onStderr }),
      rest,
      needing,
    };
  }
  const isUrl = /^(https?|wss?):/i.test(target);
  const isConfig = !isUrl && isConfigFile(target);
  const followed = isConfig && {
    manifestDirectory: manifestDirectory(),
    ...(options.watch && { watch: true }),
    ...(options.strict && { strict: true }),
    ...(options.pin && { pin: options.pin }),
  };
  const fromEnvironment = process.env["HOLDFAST_AUTH"];
  const remote = isUrl && {
    oauth: unattended(needing, () => loginCommand(target)),
    ...(fromEnvironment ? { auth: fromEnvironment } : signsIn(target, header) && { auth: "oauth" }),
  };
  const signIn = isConfig && forConfig(needing, (server) => loginCommand(target, server));
  return {
    transport: inferTransport(target, {
      ...remote,
      ...signIn,
      ...given,
      ...followed,
      ...(!isUrl && onStderr),
    }),
    rest,
    needing,
  };
}

const forConfig = (needing: Needing, commandFor: (server: string) => string) => ({
  oauth: unattended(needing, commandFor),
  defaultAuth: "oauth",
});

/** Whether the target is signed in to with OAuth, which it is not if it comes with other credentials. */
const signsIn = (url: string, headers: Record<string, string>): boolean =>
  authOf({ url, headers }, "oauth") === "oauth";
