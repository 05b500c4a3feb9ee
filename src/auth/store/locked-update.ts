import type { StoredCredential, StoreUpdate } from "./store.js";

type Credentials = readonly StoredCredential[];

/**
 * Runs `work` with one turn at a store, where `stored` is kept, the newest first. Saves run one after another as they were called, and all are done when this is,
 * also those that `work` did not wait for; a save after that rejects. What is saved is a copy of what was given.
 */
export async function lockedUpdate<T>(
  stored: Credentials,
  write: (credentials: StoredCredential[]) => Promise<void>,
  work: (update: StoreUpdate) => Promise<T>,
): Promise<T> {
  let now = stored;
  let last: Promise<unknown> = Promise.resolve();
  let over = false;
  const update: StoreUpdate = {
    get stored() {
      return now;
    },
    async save(credentials) {
      if (over) throw new Error("the turn at the store is over: save before the work of update ends");
      const copy = newestFirst(structuredClone(credentials));
      const saved = last.then(() => write(copy));
      last = saved.catch(() => {});
      await saved;
      now = copy;
    },
  };
  try {
    return await work(update);
  } finally {
    over = true;
    await last;
  }
}

/** A new array; those of one moment stay in their order. */
export function newestFirst(credentials: Credentials): StoredCredential[] {
  return [...credentials].sort((a, b) => b.savedAt - a.savedAt);
}
