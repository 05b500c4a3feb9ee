import { KeyedLock } from "../../base/keyed-lock.js";
import { lockedUpdate } from "./locked-update.js";
import type { CredentialStore, StoredCredential } from "./store.js";

/** A store in memory, which ends with the program. Each call makes a new, empty one. It takes and returns copies. */
export function memoryStore(): CredentialStore {
  const all = new Map<string, StoredCredential[]>();
  const locks = new KeyedLock();
  const read = (server: string) => structuredClone(all.get(server) ?? []);

  return {
    async list(server) {
      return read(server);
    },
    update(server, work, signal) {
      const write = async (credentials: StoredCredential[]) => {
        if (credentials.length > 0) all.set(server, structuredClone(credentials));
        else all.delete(server);
      };
      return locks.run(server, () => lockedUpdate(read(server), write, work), signal);
    },
  };
}
