import { randomBytes, type ScryptOptions, scrypt } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Implementation, ServerCapabilities } from "@modelcontextprotocol/client";
import { checkDirectory, defaultDirectory, nameFor } from "../auth/store/directory.js";
import { readPrivate, replacePrivate } from "../auth/store/private-file.js";
import { codeOf, messageOf } from "../base/errors.js";
import { fieldsOf, isObject } from "../base/fields.js";
import { visibleJson } from "../base/visible.js";
import { LOCK_VERSION, LOCKED_KINDS, lockedItem, lockIn } from "../config/lock.js";
import type { ListKind } from "../contract/status.js";
import type { Offered } from "./offered.js";

/** What a server was when it last ran. */
export interface Manifest {
  lists: Offered;
  server: Implementation | undefined;
  capabilities: ServerCapabilities;
  instructions: string | undefined;
  era: "legacy" | "modern" | undefined;
}

/** Manifests on this machine, beside the credentials: each a file in the format of a lock, which only its user may read. */
export class Manifests {
  readonly #directory: string;

  constructor(
    directory: string | undefined,
    /** What the config is called: two configs may have servers of one name. */
    private readonly config: string,
    private readonly report: (message: string) => void,
  ) {
    this.#directory = resolve(directory ?? join(dirname(defaultDirectory()), "manifests"));
  }

  /** Undefined: there is none that can be used, or it is of another config of the server. */
  async read(server: string, config: object): Promise<Manifest | undefined> {
    const path = this.#pathOf(server);
    try {
      await checkDirectory(this.#directory);
      const text = await readPrivate(path);
      const [offered] = Object.values(lockIn(text, path));
      const { fingerprint, salt, ...kept } = fieldsOf(fieldsOf(JSON.parse(text))["manifest"]);
      if (typeof salt !== "string" || fingerprint !== (await fingerprintOf(config, salt))) return undefined;
      if (!isObject(kept["capabilities"])) throw new Error("the manifest has a wrong form");
      const lists = LOCKED_KINDS.map((kind) => [kind, itemsOf(kind, offered?.[kind])]);
      return { ...kept, lists: Object.fromEntries(lists) } as Manifest;
    } catch (error) {
      if (codeOf(error) !== "ENOENT")
        this.report(`${server}: it is started to see what it offers: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** Keeps what a server is. That it cannot be kept is reported, and costs the next start. */
  async write(server: string, config: object, { lists, ...rest }: Manifest): Promise<void> {
    const directory = this.#directory;
    const salt = randomBytes(16).toString("hex");
    const offered = LOCKED_KINDS.map((kind) => {
      const items = lists[kind].map((item) => [lockedItem(kind, item)[0], item]);
      return [kind, Object.fromEntries(items)];
    });
    const manifest = { ...rest, salt, fingerprint: await fingerprintOf(config, salt) };
    const servers = { [server]: Object.fromEntries(offered) };
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const text = visibleJson({ holdfast: LOCK_VERSION, servers, manifest });
      await replacePrivate(this.#pathOf(server), `${text}\n`, () => checkDirectory(directory));
    } catch (error) {
      this.report(`${server}: what it offers cannot be kept in ${directory}: ${messageOf(error)}`);
    }
  }

  /** That it cannot be removed is reported. */
  async remove(server: string): Promise<void> {
    try {
      await rm(this.#pathOf(server), { force: true });
    } catch (error) {
      this.report(
        `${server}: what it offered cannot be removed from ${this.#directory}: ${messageOf(error)}`,
      );
    }
  }

  #pathOf(server: string): string {
    return join(this.#directory, `${nameFor(`${this.config}\0${server}`)}.json`);
  }
}

/** @throws what is wrong with the definitions of one kind */
function itemsOf(kind: ListKind, definitions: Record<string, unknown> = {}): object[] {
  return Object.entries(definitions).map(([key, item]) => {
    if (!isObject(item) || lockedItem(kind, item)[0] !== key)
      throw new Error(`the manifest has a wrong form at ${kind}`);
    return item;
  });
}

/** What decides what a server is. Everything else of its config changes only what is shown of it. */
const DECISIVE = ["command", "args", "env", "cwd", "url", "headers", "transport", "auth", "era"];
/** Secrets of a config are part of it, and short ones could be guessed: each guess takes its time. */
const COST: ScryptOptions = { N: 4096, r: 8, p: 1 };

function fingerprintOf(config: object, salt: string): Promise<string> {
  const { auth, ...rest } = fieldsOf(config);
  const given = { ...rest, auth: typeof auth === "string" ? auth : typeof auth };
  const decisive = JSON.stringify(DECISIVE.map((key) => fieldsOf(given)[key] ?? null));
  return new Promise((done, fail) => {
    scrypt(decisive, salt, 16, COST, (error, key) => (error ? fail(error) : done(key.toString("hex"))));
  });
}
