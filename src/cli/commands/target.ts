import { type ClientTransport, inferTransport, type SharedOptions, StdioTransport } from "../../index.js";
import { authOf, isConfigFile } from "../../internal.js";
import { UsageError } from "../terminal/exit.js";
import { say } from "../terminal/print.js";
import { serverCommand } from "../terminal/server-command.js";
import { partOfConfig } from "./config-target.js";
import { loginCommand, type Needing, unattended } from "./sign-in.js";
import type { TargetOptions } from "./target-options.js";
import { askForTrust, manifestDirectory } from "./trust.js";

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
  const given = { ...shared, ...fromOptions(options) };
  const onStderr = options.verbose && { onStderr: (line: string) => say(`  ${line}`) };
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
  const part = partOfConfig(target);
  if (part) {
    const { config, lockFile, login } = part;
    const own = { manifestDirectory: manifestDirectory(), ...(lockFile !== undefined && { lockFile }) };
    const more = { ...own, ...forConfig(needing, login), ...given, ...onStderr };
    return { transport: inferTransport(config, { name: target, ...more }), rest, needing };
  }
  const isUrl = /^(https?|wss?):/i.test(target);
  const isConfig = !isUrl && isConfigFile(target);
  return {
    transport: inferTransport(target, {
      ...(isUrl && forUrl(needing, target, options)),
      ...(isConfig && forConfig(needing, (server) => loginCommand(target, server))),
      ...given,
      ...(isConfig && forFile(options)),
      ...(!isUrl && onStderr),
    }),
    rest,
    needing,
  };
}

function fromOptions({ header, auth, env, cwd, transport, era, record }: TargetOptions) {
  return {
    logger: ODDITIES,
    ...(era && { era }),
    ...(record && { record }),
    ...(cwd && { cwd }),
    ...(Object.keys(env).length > 0 && { env }),
    ...(auth && { auth }),
    ...(transport && { transport }),
    ...(Object.keys(header).length > 0 && { headers: header }),
  };
}

function forFile({ watch, strict, pin }: TargetOptions) {
  return {
    manifestDirectory: manifestDirectory(),
    ...(watch && { watch: true }),
    ...(strict && { strict: true }),
    ...(pin && { pin }),
  };
}

const forConfig = (needing: Needing, commandFor: (server: string) => string) => ({
  oauth: unattended(needing, commandFor),
  defaultAuth: "oauth",
});

function forUrl(needing: Needing, url: string, { header }: TargetOptions) {
  const fromEnvironment = process.env["HOLDFAST_AUTH"];
  return {
    oauth: unattended(needing, () => loginCommand(url)),
    ...(fromEnvironment ? { auth: fromEnvironment } : signsIn(url, header) && { auth: "oauth" }),
  };
}

/** Whether the target is signed in to with OAuth, which it is not if it comes with other credentials. */
const signsIn = (url: string, headers: Record<string, string>): boolean =>
  authOf({ url, headers }, "oauth") === "oauth";

/** Of what is logged the oddities: everything else a command says in its own words. */
const ODDITIES = {
  warn(entry: string | { event?: string }, message = "") {
    if (typeof entry === "string") say(entry);
    else if (entry.event === "warning") say(message);
  },
  bindings: () => ({}),
};
