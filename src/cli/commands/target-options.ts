import { Command, Option } from "commander";
import type { EraOption } from "../../index.js";
import { UsageError } from "../terminal/exit.js";
import { type TrustOptions, trustOption } from "./trust.js";

/** The options of every command that reaches a server. */
export interface TargetOptions extends TrustOptions {
  header: Record<string, string>;
  auth?: string;
  env: Record<string, string> | "inherit";
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
    .default({}, "none");

/** Makes a command on one server. Its first argument is the target, unless the server's command follows `--`. */
export function targetCommand(name: string, rest = ""): Command {
  return new Command(name)
    .usage(`[options] (<target>${rest} | ${rest ? `${rest.trim()} ` : ""}-- COMMAND ARGS)`)
    .argument(
      "[arguments...]",
      "a URL, a script, a config (mcp.json, or one server of it: mcp.json:demo), a client's name (cursor, cursor:weather), or what this command needs besides",
    )
    .addOption(headerOption())
    .option("--auth <token>", "a bearer token for a remote server (or HOLDFAST_AUTH)")
    .addOption(
      new Option("--env <NAME=value>", "a variable for a local server; may be repeated")
        .argParser(pair(/=/, "NAME=VALUE"))
        .default({}, "none"),
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
