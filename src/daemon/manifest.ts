import { readFile, rm } from "node:fs/promises";
import { replacePrivate } from "../auth/store/private-file.js";
import { fieldsOf } from "../base/fields.js";

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
  await replacePrivate(path, `${JSON.stringify(manifest, undefined, 2)}\n`);
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

export const removeManifest = (path: string): Promise<void> => rm(path, { force: true });
