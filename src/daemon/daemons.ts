import { readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { codeOf, messageOf } from "../base/errors.js";
import { withFileLock } from "../base/file-lock/file-lock.js";
import { VERSION } from "../base/version.js";
import { greet, Silent } from "./greet.js";
import { PROTOCOL } from "./hello.js";
import { killDaemon, whenEnded } from "./hung.js";
import { type Manifest, readManifest, removeManifest } from "./manifest.js";
import { placeOf, runDirectory } from "./place.js";
import type { DaemonStatus } from "./status.js";
import { wrappedFolder } from "./wrapped-config.js";

/** Who looks at daemons does not wait longer for one that hangs. */
const ANSWER_MS = 5_000;

/** The manifests of all daemons of this user that stand, or ended without a word. */
export async function readManifests(run: string = runDirectory()): Promise<Manifest[]> {
  const files = (await namesIn(run)).filter((name) => name.endsWith(".json")).sort();
  const read = await Promise.all(files.map((name) => readManifest(join(run, name))));
  return read.filter((manifest) => manifest !== undefined);
}

/** Removes what `wrap --shared` has left of servers that no daemon has. A shim that needs it writes it anew. */
export async function removeUnusedWrapped(): Promise<void> {
  const used = new Set((await readManifests()).map(({ config }) => basename(config)));
  const folder = wrappedFolder();
  const names = await namesIn(folder);
  await Promise.all(
    names.filter((name) => !used.has(name)).map((name) => rm(join(folder, name), { force: true })),
  );
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

/** The manifests that a name means: the beginning of a key, the path of the config, or the name of its file. */
export const named = (manifests: readonly Manifest[], name: string): Manifest[] =>
  manifests.filter(
    ({ key, config }) =>
      config === name || basename(config) === name || (name.length >= 4 && key.startsWith(name)),
  );

/** Asks a daemon how it is. */
export async function askStatus(manifest: Manifest): Promise<DaemonStatus> {
  const { socket: _socket, ...known } = manifest;
  const name = basename(manifest.config);
  const nobody = { name, servers: [], clients: [] };
  try {
    const answer = await ask(manifest, "status");
    answer?.socket.destroy();
    const status = answer?.welcome.status as Partial<DaemonStatus> | undefined;
    if (status) return { ...known, ...nobody, health: "", advice: "", ...status };
    const advice = answer
      ? `is of holdfast ${manifest.version}, which says no more to ${VERSION}`
      : `process ${manifest.pid} ended without a word: its next host starts it anew`;
    return { ...known, ...nobody, health: answer ? "other version" : "gone", advice };
  } catch (error) {
    return { ...known, ...nobody, health: "silent", advice: messageOf(error) };
  }
}

/** What became of a daemon that was asked to end. `gone`: there was none any more. `killed`: it hung. */
export type Ending = "ended" | "gone" | "killed";

/**
 * Ends a daemon when what runs is answered; one that does not answer at once is killed.
 * @throws Error with what to do where it hangs and cannot be killed
 */
export async function askToStop(manifest: Manifest): Promise<Ending> {
  const ending = await end(manifest);
  if (ending !== "ended") await forget(manifest);
  return ending;
}

async function end(manifest: Manifest): Promise<Ending> {
  const { pid, key } = manifest;
  try {
    const asked = await ask(manifest, "stop");
    if (!asked) return "gone";
    return (await whenEnded(asked, key)) ? "ended" : "killed";
  } catch (error) {
    if (!(error instanceof Silent)) throw error;
    await killDaemon(pid, key);
    return "killed";
  }
}

/** Takes the manifest away of a daemon that ended without doing that. */
async function forget({ key, pid }: Manifest): Promise<void> {
  const { lock, manifest } = placeOf(key);
  // Race: a host starts the next one, which writes its own.
  await withFileLock(
    lock,
    async () => {
      if ((await readManifest(manifest))?.pid === pid) await removeManifest(manifest);
    },
    { called: "the run directory", option: "shared" },
  );
}

const ask = ({ socket }: Manifest, what: "status" | "stop") =>
  greet(socket, { protocol: PROTOCOL, version: VERSION, ask: what, pid: process.pid }, ANSWER_MS);
