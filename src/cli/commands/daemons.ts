import { Command } from "commander";
import { askStatus, askToStop, type Ending, named, readManifests } from "../../daemon/daemons.js";
import type { Manifest } from "../../daemon/manifest.js";
import type { DaemonStatus } from "../../daemon/status.js";
import { keepAliveWhile } from "../../internal.js";
import { daemonRows } from "../terminal/daemon-rows.js";
import { UsageError } from "../terminal/exit.js";
import { logLines } from "../terminal/log-lines.js";
import { print, printJson, printTable, say } from "../terminal/print.js";

export const NONE = "no daemon runs; one is started by: holdfast serve mcp.json --shared";

export const statuses = async (): Promise<DaemonStatus[]> =>
  Promise.all((await readManifests()).map(askStatus));

export const psCommand = new Command("ps")
  .option("--json", "as JSON")
  .action(async ({ json }: { json?: true }) => {
    const all = await statuses();
    if (json) printJson(all);
    else if (all.length === 0) print(NONE);
    else printTable(daemonRows(all, Date.now()));
  });

export const stopCommand = new Command("stop")
  .argument("[name]", "the config, its file's name, or the beginning of a key (see ps)")
  .option("--all", "all of them")
  .action(async (name: string | undefined, { all }: { all?: true }) => {
    const manifests = await readManifests();
    const wanted =
      all || (name === undefined && manifests.length === 1) ? manifests : chosen(manifests, name);
    const stop = async (manifest: Manifest) =>
      say(`${manifest.config}: ${ENDINGS[await askToStop(manifest)]}`);
    await keepAliveWhile(Promise.all(wanted.map(stop)));
  });

const ENDINGS: Record<Ending, string> = {
  ended: "ended",
  gone: "had ended already",
  killed: "did not answer, and was killed; its hosts are told which of their calls were lost",
};

function chosen(manifests: Manifest[], name: string | undefined) {
  if (manifests.length === 0) throw new UsageError(NONE);
  const known = manifests.map(({ key, config }) => `  ${key}  ${config}`).join("\n");
  if (name === undefined) throw new UsageError(`which one? Give a name of these, or --all:\n${known}`);
  const found = named(manifests, name);
  if (found.length > 0) return found;
  throw new UsageError(`no daemon is called ${JSON.stringify(name)}; there are:\n${known}`);
}

export const logsCommand = new Command("logs")
  .argument("<name>", "a daemon, as for stop, or a server of one")
  .option("-f, --follow", "go on with what is written from now on")
  .action(async (name: string, { follow }: { follow?: true }) => {
    const manifests = await readManifests();
    const [daemon] = named(manifests, name);
    const owner = daemon ?? (await ownerOf(name));
    if (!owner) return void chosen(manifests, name);
    const isWanted = (line: string) => daemon !== undefined || isOf(line, name);
    for await (const line of logLines(owner.log, follow === true)) if (isWanted(line)) print(line);
  });

const ownerOf = async (server: string): Promise<DaemonStatus | undefined> =>
  (await statuses()).find(({ servers }) => servers.some(({ name }) => name === server));

/** Whether a line, after its time, begins with the name of the server. */
const isOf = (line: string, server: string): boolean => {
  const text = line.slice(line.indexOf(" ") + 1);
  return text.startsWith(`${server}:`) || text.startsWith(`${server}|`);
};
