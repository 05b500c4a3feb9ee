import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { codeOf, messageOf } from "../base/errors.js";
import { VERSION } from "../base/version.js";
import { greet, whenLetGo } from "./greet.js";
import { PROTOCOL } from "./hello.js";
import { type Manifest, readManifest } from "./manifest.js";
import { runDirectory } from "./place.js";
import type { DaemonStatus } from "./status.js";

/** The manifests of all daemons of this user that stand, or ended without a word. */
export async function readManifests(run: string = runDirectory()): Promise<Manifest[]> {
  const names = await readdir(run).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  });
  const files = names.filter((name) => name.endsWith(".json")).sort();
  const read = await Promise.all(files.map((name) => readManifest(join(run, name))));
  return read.filter((manifest) => manifest !== undefined);
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

/** Ends a daemon when what runs is answered. False: there was none any more. */
export async function askToStop(manifest: Manifest): Promise<boolean> {
  const answer = await ask(manifest, "stop");
  if (!answer) return false;
  await whenLetGo(answer);
  return true;
}

const ask = ({ socket }: Manifest, what: "status" | "stop") =>
  greet(socket, { protocol: PROTOCOL, version: VERSION, ask: what, pid: process.pid });
