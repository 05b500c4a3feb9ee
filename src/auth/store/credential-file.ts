import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { open, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { codeOf } from "../../base/errors.js";
import { newestFirst } from "./locked-update.js";
import type { StoredCredential } from "./store.js";

/** Fields that we do not know are kept: a later version of this program or of the SDK wrote them. */
const FILE = z.looseObject({
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
});

/** What a file says. */
export interface CredentialFile {
  /** The newest first. */
  credentials: StoredCredential[];
  /** Its fields besides `version` and `credentials`. */
  others: Record<string, unknown>;
  /** Why it says nothing that can be used; never with a part of what it says, which may be secret. */
  broken?: string;
}

/** Reads it as it is at this moment; a missing one has no credentials. Throws as `readFile` does for any other reason. */
export async function readCredentialFile(path: string): Promise<CredentialFile> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return { credentials: [], others: {} };
    throw error;
  }
  return parseCredentials(text);
}

/** What such a text says, wherever it was kept. */
export function parseCredentials(text: string): CredentialFile {
  const broken = (why: string) => ({ credentials: [], others: {}, broken: why });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    return broken("it is not JSON");
  }
  const { data, error } = FILE.safeParse(json);
  if (error) return broken(`it has the wrong shape at "${error.issues[0]?.path.join(".") ?? ""}"`);
  const { version: _, credentials, ...others } = data;
  return { credentials: newestFirst(credentials as StoredCredential[]), others };
}

/** Replaces it at once or not at all; no credentials: removes it. Only under its lock. `mayReplace` may still reject. */
export async function writeCredentialFile(
  path: string,
  { credentials, others }: CredentialFile,
  mayReplace: () => Promise<void>,
): Promise<void> {
  if (credentials.length === 0) {
    await mayReplace();
    return await rm(path, { force: true });
  }
  const temporary = `${path}${TEMPORARY}${randomBytes(8).toString("hex")}`;
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(`${JSON.stringify({ ...others, version: 1, credentials }, null, 2)}\n`);
      // Else a crash of the machine may leave the new name with nothing behind it.
      await file.sync();
    } finally {
      await file.close();
    }
    await mayReplace();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

const TEMPORARY = ".tmp-";

/** Removes what writers left that were killed. Only under the lock of the file: else it may be somebody's who writes. */
export async function sweepTemporaries(path: string): Promise<void> {
  const prefix = basename(path) + TEMPORARY;
  for (const name of await readdir(dirname(path)))
    if (name.startsWith(prefix)) await rm(join(dirname(path), name), { force: true });
}

/** Moves a broken file out of the way, beside it, and gives its new path. Only under its lock. */
export async function setAside(path: string): Promise<string> {
  let time = Date.now();
  while (existsSync(`${path}.broken-${time}`)) time++;
  await rename(path, `${path}.broken-${time}`);
  return `${path}.broken-${time}`;
}
