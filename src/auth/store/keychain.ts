import { randomBytes } from "node:crypto";
import { join, resolve } from "node:path";
import { z } from "zod";
import { atFirstUse } from "../../base/at-first-use.js";
import type { Hold } from "../../base/file-lock/file-lock.js";
import { type CredentialFile, parseCredentials } from "./credential-file.js";
import { defaultDirectory, nameFor } from "./directory.js";
import { Keychain } from "./keychain-binding.js";
import { lockedUpdate } from "./locked-update.js";
import type { CredentialStore, StoredCredential } from "./store.js";
import { withStoreLock } from "./store-lock.js";

/** The options of `keychainStore()`. */
export interface KeychainStoreOptions {
  /** The name under which the keychain shows the entries. Default `holdfast`. */
  service?: string;
  /** The directory of the lock files, which hold nothing secret. Default: the directory of `fileStore`. */
  directory?: string;
}

/**
 * The longest value of one entry, in characters. Windows takes 2,560 bytes of UTF-16. Elsewhere a value is practically never
 * split, because macOS may ask the person for each entry.
 */
const LONGEST = process.platform === "win32" ? 1_200 : 60_000;
/** How much of it is left free for the first line of the head. */
const INDEX = 200;

/** A value that was too long for the head, in the entries `1` to `count`. The id is never used twice. */
interface Pieces {
  id: string;
  count: number;
}
/** The first line of the head: the pieces that hold the value, and leftover pieces that have to be removed. */
const indexLine = atFirstUse(() => {
  const pieces: z.ZodType<Pieces> = z.object({ id: z.string(), count: z.number().int().min(1).max(9_999) });
  return z.object({ pieces: pieces.optional(), left: z.array(pieces).optional() });
});

/** A server's main entry: the index line, then the credentials unless pieces hold them. */
interface Head {
  index: z.infer<ReturnType<typeof indexLine>>;
  text: string;
}

/**
 * A store in the keychain of the operating system: macOS, Windows, or a Secret Service on Linux. All programs that name the same
 * service and directory share it. It needs the package `@napi-rs/keyring`, which is loaded on first use. There is one entry for
 * each server, and more where the platform's entries are too short. A reader sees the old value or the new one, even if a writer
 * is killed. A value that cannot be used counts as empty, and the next save replaces it.
 *
 * `list`, `update` and `save` reject with `CONFIG_INVALID` and `path: "store"` where the package is missing, where the machine
 * has no keychain or it stays locked, or where another program took the lock over as with `fileStore`.
 */
export function keychainStore(options: KeychainStoreOptions = {}): CredentialStore {
  const service = options.service ?? "holdfast";
  const directory = resolve(options.directory ?? defaultDirectory());
  const keychain = new Keychain(service);

  return {
    async list(server) {
      return (await read(keychain, server)).file.credentials;
    },
    update(server, work, signal) {
      const turn = async (hold: Hold) => {
        const { file, head } = await read(keychain, server);
        const entry = new Entry(keychain, server, head, hold);
        const write = (credentials: StoredCredential[]) =>
          entry.replace(credentials.length > 0 ? ascii({ ...file.others, version: 1, credentials }) : "");
        return await lockedUpdate(file.credentials, write, work);
      };
      return withStoreLock(join(directory, `${nameFor(server)}.keychain`), turn, signal);
    },
  };
}

/** One server's entry, to be used under its lock. */
class Entry {
  constructor(
    readonly keychain: Keychain,
    readonly server: string,
    private head: Head,
    readonly hold: Hold,
  ) {}

  /**
   * Replaces the value. The change takes effect at once, when the head is written. The head names pieces before they are written
   * and until they are removed, so that the next writer finds and removes what a killed writer left.
   */
  async replace(text: string): Promise<void> {
    const { pieces, left = [] } = this.head.index;
    const old = pieces ? [...left, pieces] : left;
    const next = await this.#writePieces(text);
    const head = next ? "" : text;
    if (text !== "" || old.length > 0) await this.#write({ index: { pieces: next, left: old }, text: head });
    for (const one of old)
      for (let i = 1; i <= one.count; i++) await this.keychain.remove(nameOf(this.server, one, i));
    const done: Head = { index: { pieces: next }, text: head };
    if (text !== "") {
      if (old.length > 0) await this.#write(done);
      return;
    }
    await this.hold.check();
    await this.keychain.remove(this.server);
    this.head = done;
  }

  async #writePieces(text: string): Promise<Pieces | undefined> {
    if (text.length <= LONGEST - INDEX) return undefined;
    const pieces = { id: randomBytes(4).toString("hex"), count: Math.ceil(text.length / LONGEST) };
    const { index } = this.head;
    await this.#write({ ...this.head, index: { ...index, left: [...(index.left ?? []), pieces] } });
    for (let i = 1; i <= pieces.count; i++) {
      await this.hold.check();
      const piece = text.slice((i - 1) * LONGEST, i * LONGEST);
      await this.keychain.set(nameOf(this.server, pieces, i), piece);
    }
    return pieces;
  }

  async #write(head: Head): Promise<void> {
    await this.hold.check();
    await this.keychain.set(this.server, `${JSON.stringify(head.index)}\n${head.text}`);
    this.head = head;
  }
}

/**
 * Reads without the lock.
 * Race: a writer may remove the pieces that we are reading. It changes the head before that, so with a changed head we read again.
 */
async function read(keychain: Keychain, server: string): Promise<{ file: CredentialFile; head: Head }> {
  for (;;) {
    const value = await keychain.get(server);
    const head = parseHead(value ?? "");
    const { pieces } = head.index;
    if (!pieces) return { file: parse(head.text), head };
    const numbers = Array.from({ length: pieces.count }, (_, i) => i + 1);
    const found = await Promise.all(numbers.map((i) => keychain.get(nameOf(server, pieces, i))));
    if (!found.includes(null)) return { file: parse(found.join("")), head };
    if ((await keychain.get(server)) === value) return { file: parse(""), head };
  }
}

const parse = (text: string): CredentialFile =>
  text === "" ? { credentials: [], others: {} } : parseCredentials(text);

function parseHead(value: string): Head {
  const end = value.indexOf("\n");
  try {
    return { index: indexLine().parse(JSON.parse(value.slice(0, end))), text: value.slice(end + 1) };
  } catch {
    return { index: {}, text: "" };
  }
}

/** The name of a piece. A server's URL has no fragment, so this is never the name of a head. */
const nameOf = (server: string, pieces: Pieces, i: number) => `${server}#${pieces.id}.${i}`;

/** JSON in ASCII, which can be cut anywhere and has a fixed number of bytes for each character in any encoding. */
const ascii = (value: unknown) =>
  JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
