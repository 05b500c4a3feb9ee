import {
  type ConfigChange,
  clientFiles,
  configSecrets,
  difference,
  editedText,
  type ReadFile,
  readWhole,
  rewriteFile,
  visibleLine,
} from "../../internal.js";
import { mustAgree } from "../terminal/ask.js";
import { UsageError } from "../terminal/exit.js";
import { print, say } from "../terminal/print.js";
import { knownClient } from "./trust.js";

interface Wishes {
  yes: true | undefined;
  /** The servers that are meant. Undefined: all. */
  server: string[] | undefined;
  /** The command that takes the change back. */
  undo?: string;
}

type Change = (text: string, path: string) => ConfigChange;

/**
 * Shows what a change makes of a config file, or of those that a client keeps outside projects; asks, and writes.
 * @throws UsageError where nobody can be asked
 * @throws Refused where the person says no
 */
export async function changeFiles(config: string, change: Change, wishes: Wishes): Promise<void> {
  // All are looked at before one is written: a mistake in the second leaves the first as it is.
  const changes = pathsOf(config, wishes).map((path) => {
    const file = readWhole(path);
    return { file, ...change(file.text, path) };
  });
  for (const one of changes) show(one);
  const wanted = changes.filter(({ changed }) => changed.length > 0);
  if (wanted.length === 0) return say("nothing to change");
  const question = wanted.length > 1 ? `Write these ${wanted.length} files? [y/N] ` : "Write it? [y/N] ";
  if (!wishes.yes) await mustAgree(question, "nothing was written");
  for (const { file, edits } of wanted) {
    const kept = await rewriteFile(file, editedText(file.text, edits));
    say(`written; what it was is in ${visibleLine(kept)}`);
  }
  if (wishes.undo !== undefined) say(`the way back: ${wishes.undo}`);
}

function pathsOf(config: string, { server }: Wishes): string[] {
  const known = knownClient(config);
  if (!known) return [config];
  if (known.server !== undefined)
    throw new UsageError(
      `expected a client or a file; for one server: ${known.client} --server ${known.server}`,
    );
  const files = clientFiles(known.client);
  for (const { path, project } of files)
    if (project) say(`${visibleLine(path)} stays as it is: it comes with the project; to change it, name it`);
  const own = files.filter(({ project, entries }) => !project && isMeant(Object.keys(entries), server));
  if (own.length > 0) return own.map(({ path }) => path);
  const what = server ? `no server ${server.map((name) => JSON.stringify(name)).join(" or ")}` : "no servers";
  throw new UsageError(`${known.client} has ${what} in a file of its user's`);
}

/** A client with several files need not have each server in each. */
const isMeant = (names: string[], server: string[] | undefined): boolean =>
  server === undefined || server.every((name) => names.includes(name));

function show({ file, edits, left }: ConfigChange & { file: ReadFile }): void {
  const secrets = configSecrets(file);
  print(visibleLine(file.path));
  const shown = (line: string) => secrets.redact(line);
  for (const line of difference(file.text, edits, shown)) print(`  ${visibleLine(line)}`);
  for (const { name, why } of left) say(`${visibleLine(name)} stays as it is: ${why}`);
}
