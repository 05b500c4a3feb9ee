import type { AsyncEntry } from "@napi-rs/keyring";
import { codeOf, HoldfastError, messageOf } from "../../base/errors.js";

const PACKAGE = "@napi-rs/keyring";
const MOST_KEPT = 16;

/** The entries of one service in the system's keychain. All methods reject with `CONFIG_INVALID` where it cannot be used. */
export class Keychain {
  /** Entries are reused, because each may hold a connection to the keychain until it is garbage collected. */
  readonly #entries = new Map<string, AsyncEntry>();

  constructor(readonly service: string) {}

  get(account: string): Promise<string | null> {
    return this.#with("read", account, (entry) => entry.getPassword());
  }

  set(account: string, value: string): Promise<void> {
    return this.#with("written", account, (entry) => entry.setPassword(value));
  }

  /** Does nothing where there is no such entry. */
  async remove(account: string): Promise<void> {
    await this.#with("written", account, (entry) => entry.deleteCredential());
    this.#entries.delete(account);
  }

  async #with<T>(what: string, account: string, action: (entry: AsyncEntry) => Promise<T>): Promise<T> {
    const { AsyncEntry } = await load();
    try {
      let entry = this.#entries.get(account);
      if (!entry) {
        // On Linux the library could fall back to the kernel's keyring, which a restart empties.
        entry = new AsyncEntry(this.service, account, { linux: { store: "secret-service" } });
        if (this.#entries.size >= MOST_KEPT) this.#entries.clear();
        this.#entries.set(account, entry);
      }
      return await action(entry);
    } catch (cause) {
      // Perhaps its connection failed, so the next call gets a new entry.
      this.#entries.delete(account);
      const needed =
        process.platform === "linux"
          ? "; it needs a session bus and a Secret Service (GNOME Keyring, KWallet) that is unlocked"
          : "";
      throw invalid(
        `the keychain of this machine cannot be ${what}: ${messageOf(cause)}${needed}. fileStore() needs none`,
        cause,
      );
    }
  }
}

async function load(): Promise<typeof import("@napi-rs/keyring")> {
  try {
    return await import("@napi-rs/keyring");
  } catch (cause) {
    // The package consists of one part for each platform, and only that part may be missing.
    const why =
      codeOf(cause) === "ERR_MODULE_NOT_FOUND"
        ? "which is not installed"
        : `which fails: ${messageOf(cause)}`;
    throw invalid(`keychainStore() needs the package ${PACKAGE}, ${why}. Run: npm install ${PACKAGE}`, cause);
  }
}

const invalid = (message: string, cause: unknown) =>
  new HoldfastError("CONFIG_INVALID", message, { path: "store", cause });
