import { Command } from "commander";
import { messageOf, parseConfig, Secrets } from "../../internal.js";
import { print, printJson, printTable, say } from "../terminal/print.js";
import type { Cell } from "../terminal/table.js";
import { type ConfigHere, configsHere } from "./configured.js";
import { reached } from "./reached.js";
import { startOf } from "./trust.js";

/** A config file on this machine, and its servers. */
interface Found {
  /** What a command takes as its target. */
  target: string;
  path: string;
  /** It lies in the current project or folder, and nobody agreed to it or named it. */
  untrusted: boolean;
  servers: FoundServer[];
  /** Why it cannot be read. */
  problem?: string;
}

interface FoundServer {
  name: string;
  /** `ready`, `off`, `misconfigured` or `not trusted`; with `--connect` the health of the server. */
  state: string;
  /** What it starts or reaches, or what is wrong. */
  says: string;
}

export const discoverCommand = new Command("discover")
  .option("--connect", "connect to each server that is ready, and show how it is")
  .option("--json", "the configs and their servers as JSON")
  .addHelpText(
    "after",
    "\nStarts nothing, unless with --connect, and then nothing that comes with a project that you did not trust,\nand nothing of an mcp.json in this folder: name it, as in holdfast status mcp.json.",
  )
  .action(async ({ connect, json }: { connect?: boolean; json?: boolean }) => {
    const all = configsHere().map(foundIn);
    if (connect) for (const found of all) await connectTo(found);
    if (json) return printJson(all);
    if (all.length === 0) say("no config of any client that holdfast knows; see docs/config.md");
    all.forEach(show);
  });

function show({ target, path, servers, problem }: Found, index: number): void {
  if (index > 0) print("");
  print(path);
  if (problem !== undefined) printTable([["", { text: "misconfigured", style: "red" }, problem]]);
  printTable(
    servers.map(({ name, state, says }): Cell[] => [
      `  ${target}:${name}`,
      { text: state, style: STYLES[state] ?? "yellow" },
      says,
    ]),
  );
}

const STYLES: Record<string, "green" | "red" | "dim"> = {
  ready: "green",
  ok: "green",
  off: "dim",
  misconfigured: "red",
  crashing: "red",
  unreachable: "red",
  refused: "red",
};

function foundIn({ path, target, untrusted, ...file }: ConfigHere): Found {
  if ("error" in file) return { target, path, untrusted, servers: [], problem: messageOf(file.error) };
  const servers = Object.entries(file.entries).map(([name, entry]) => foundServer(name, entry, untrusted));
  return { target, path, untrusted, servers };
}

/** What is known of a server without starting it. No variable is replaced in a file that nobody agreed to. */
function foundServer(name: string, entry: unknown, untrusted: boolean): FoundServer {
  try {
    parseConfig({ mcpServers: { [name]: entry } }, { unexpanded: untrusted });
    return { name, state: untrusted ? "not trusted" : "ready", says: shownStart(entry) };
  } catch (error) {
    const why = messageOf(error).replace(/^the config is not valid(, \d+ problems)?:\s*/, "");
    if (/every server is disabled$/.test(why)) return { name, state: "off", says: shownStart(entry) };
    return {
      name,
      state: "misconfigured",
      says: why.replaceAll("mcpServers.", "").replace(/\n */g, "; "),
    };
  }
}

/** What is started or reached, without secrets: what this prints may be passed on. */
function shownStart(entry: unknown): string {
  const secrets = new Secrets();
  const text = startOf(entry);
  secrets.addArguments(text.split(" "));
  return secrets.redact(text);
}

/** Reaches the servers of a file that are ready, each by itself, and takes what they turn out to be. Asks nobody to trust a file. */
async function connectTo({ target, servers }: Found): Promise<void> {
  const ready = servers.filter(({ state }) => state === "ready");
  await Promise.all(ready.map((server) => reach(`${target}:${server.name}`, server)));
}

async function reach(target: string, server: FoundServer): Promise<void> {
  const { health, says } = await reached(target);
  server.state = health;
  if (health !== "ok") server.says = says;
}
