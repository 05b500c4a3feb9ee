import { Command } from "commander";
import {
  CLIENT_NAMES,
  type ClientFile,
  isConfigFile,
  messageOf,
  parseConfig,
  Secrets,
  searchClient,
  serversIn,
} from "../../internal.js";
import { print, printJson, printTable, say } from "../terminal/print.js";
import type { Cell } from "../terminal/table.js";
import { reached } from "./reached.js";
import { isTrusted, startOf } from "./trust.js";

/** The files of the current folder that are no client's. Whoever wrote the folder wrote them: a person has to name one to start it. */
const OWN_FILES = ["mcp.json", "mcp.yaml", "mcp.toml"];

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
    const all = [...ownFiles(), ...CLIENT_NAMES.flatMap(filesOf)];
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

function ownFiles(): Found[] {
  return OWN_FILES.filter((path) => isConfigFile(path)).flatMap((path) => {
    try {
      const servers = Object.entries(serversIn(path)).map(([name, entry]) => foundServer(name, entry, true));
      return [{ target: path, path, untrusted: true, servers }];
    } catch (error) {
      return isMissing(error)
        ? []
        : [{ target: path, path, untrusted: true, servers: [], problem: messageOf(error) }];
    }
  });
}

const isMissing = (error: unknown) => /cannot be read: ENOENT/.test(messageOf(error));

function filesOf(client: string): Found[] {
  return searchClient(client).map((file) => {
    if (!("error" in file)) return ofClient(client, file);
    const { path, error } = file;
    return { target: client, path, untrusted: true, servers: [], problem: messageOf(error) };
  });
}

function ofClient(client: string, file: ClientFile): Found {
  const untrusted = file.project && !isTrusted(file);
  const servers = Object.entries(file.entries).map(([name, entry]) => foundServer(name, entry, untrusted));
  return { target: client, path: file.path, untrusted, servers };
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
