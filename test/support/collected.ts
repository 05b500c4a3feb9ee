import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Whether nobody holds it any more, after a few collections: what a registry finds in one is freed by the next. */
export async function isCollected(ref: WeakRef<object>): Promise<boolean> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let round = 0; round < 10; round++) {
    // What a WeakRef was made of is kept to the end of the turn.
    await new Promise(setImmediate);
    collect();
    if (ref.deref() === undefined) return true;
  }
  return false;
}
