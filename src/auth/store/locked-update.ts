import type { StoredCredential, StoreUpdate } from "./store.js";

type Credentials = readonly StoredCredential[];

/**
 * Runs the `work` of one `update` of a store. `stored` is what the store holds, newest first; `write` replaces it. Saves run in
 * the order of their calls and store copies. All are done when this settles, even those that `work` did not await. A later save
 * rejects.
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

/** A sorted copy, newest first. Credentials with equal times keep their order. */
export function newestFirst(credentials: Credentials): StoredCredential[] {
  return [...credentials].sort((a, b) => b.savedAt - a.savedAt);
}
