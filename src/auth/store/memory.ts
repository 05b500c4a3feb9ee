import { Turns } from "../../base/keyed-lock.js";
import { runTurn } from "./locked-update.js";
import type { CredentialStore, StoredCredential } from "./store.js";

/** A store that ends with the program. Each call makes an empty one; what it gives and takes are copies. */
export function memoryStore(): CredentialStore {
  const kept = new Map<string, StoredCredential[]>();
  const turns = new Turns();
  const read = (server: string) => structuredClone(kept.get(server) ?? []);

  return {
    async list(server) {
      return read(server);
    },
    update(server, work, signal) {
      const write = async (credentials: StoredCredential[]) => {
        if (credentials.length > 0) kept.set(server, structuredClone(credentials));
        else kept.delete(server);
      };
      return turns.run(server, () => runTurn(read(server), write, work), signal);
    },
  };
}
