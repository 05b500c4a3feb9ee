import { existsSync } from "node:fs";
import { readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { atFirstUse } from "../../base/at-first-use.js";
import { codeOf } from "../../base/errors.js";
import { newestFirst } from "./locked-update.js";
import { readPrivate, replacePrivate, TEMPORARY } from "./private-file.js";
import type { StoredCredential } from "./store.js";

/** Unknown fields are kept: a later version of holdfast or of the SDK may have written them. */
const file = atFirstUse(() =>
  z.looseObject({
    version: z.literal(1),
    credentials: z.array(
      z.looseObject({
        server: z.string(),
        issuer: z.string(),
        client: z.string(),
        registration: z.looseObject({ client_id: z.string() }).optional(),
        tokens: z.looseObject({ access_token: z.string(), token_type: z.string() }).optional(),
        expiresAt: z.number().optional(),
        savedAt: z.number(),
      }),
    ),
  }),
);

/** The content of a credential file. */
export interface CredentialFile {
  /** Newest first. */
  credentials: StoredCredential[];
  /** The fields other than `version` and `credentials`. */
  others: Record<string, unknown>;
  /** Why the file cannot be used. Never quotes the file, which may hold secrets. */
  broken?: string;
}

/**
 * Reads a credential file. A missing file has no credentials.
 * @throws what the system says for any other reason, and for a file that others could read or write, or a link
 */
export async function readCredentialFile(path: string): Promise<CredentialFile> {
  try {
    return parseCredentials(await readPrivate(path));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return { credentials: [], others: {} };
    throw error;
  }
}

/** Parses the text of a credential file, or of a keychain entry. */
export function parseCredentials(text: string): CredentialFile {
  const broken = (why: string) => ({ credentials: [], others: {}, broken: why });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's own message would quote the text.
    return broken("it is not JSON");
  }
  const { data, error } = file().safeParse(json);
  if (error) return broken(`it has the wrong shape at "${error.issues[0]?.path.join(".") ?? ""}"`);
  const { version: _, credentials, ...others } = data;
  return { credentials: newestFirst(credentials as StoredCredential[]), others };
}

/**
 * Replaces a credential file atomically, or removes it where there are no credentials. To be called under the file's lock.
 * `mayReplace` runs just before the old file is touched, and keeps it by rejecting.
 */
export async function writeCredentialFile(
  path: string,
  { credentials, others }: CredentialFile,
  mayReplace: () => Promise<void>,
): Promise<void> {
  if (credentials.length === 0) {
    await mayReplace();
    return await rm(path, { force: true });
  }
  await replacePrivate(
    path,
    `${JSON.stringify({ ...others, version: 1, credentials }, null, 2)}\n`,
    mayReplace,
  );
}

/** Removes the temporary files of writers that were killed. To be called under the file's lock, so that nobody is writing. */
export async function sweepTemporaries(path: string): Promise<void> {
  const prefix = basename(path) + TEMPORARY;
  for (const name of await readdir(dirname(path)))
    if (name.startsWith(prefix)) await rm(join(dirname(path), name), { force: true });
}

/** Renames a broken file to `<file>.broken-<epoch ms>`, and returns the new path. To be called under the file's lock. */
export async function setAside(path: string): Promise<string> {
  let time = Date.now();
  while (existsSync(`${path}.broken-${time}`)) time++;
  await rename(path, `${path}.broken-${time}`);
  return `${path}.broken-${time}`;
}
