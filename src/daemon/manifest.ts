import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import { runDirectory } from "./place.js";

/** What a daemon says of itself in a file. It holds no secret. */
export interface Manifest {
  key: string;
  pid: number;
  /** Epoch ms. */
  startedAt: number;
  /** Of holdfast. */
  version: string;
  /** The real path of the config. */
  config: string;
  socket: string;
  log: string;
  /** How often a daemon of this key was started anew because the one before it did not end by itself. */
  restarts: number;
  /** Why the last of those was. */
  reason?: string;
}

/** Replaces the manifest at once. */
export async function writeManifest(path: string, manifest: Manifest): Promise<void> {
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o600 });
  await rename(temporary, path);
}

/** Undefined: there is none, or none that can be read. */
export async function readManifest(path: string): Promise<Manifest | undefined> {
  try {
    const manifest = JSON.parse(await readFile(path, "utf8")) as Manifest;
    const { key, pid, socket } = fieldsOf(manifest);
    return typeof key === "string" && typeof pid === "number" && typeof socket === "string"
      ? manifest
      : undefined;
  } catch {
    return undefined;
  }
}

/** Of all daemons of this user that stand, or were killed. */
export async function readManifests(run: string = runDirectory()): Promise<Manifest[]> {
  const names = await readdir(run).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  });
  const files = names.filter((name) => name.endsWith(".json")).sort();
  const read = await Promise.all(files.map((name) => readManifest(join(run, name))));
  return read.filter((manifest) => manifest !== undefined);
}

export const removeManifest = (path: string): Promise<void> => rm(path, { force: true });
