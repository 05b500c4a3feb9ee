import { MAX_DELAY_MS } from "../machines/backoff.js";

let holds = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/**
 * Keeps the program alive until the returned function is called (once; more calls do nothing). Every other timer,
 * socket and process of ours is unref'd: this is the one place that decides.
 */
export function keepAlive(): () => void {
  if (holds++ === 0) timer = setInterval(() => {}, MAX_DELAY_MS);
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    if (--holds === 0) clearInterval(timer);
  };
}

/** Keeps the program alive until `work` has settled. */
export async function keepAliveWhile<T>(work: Promise<T>): Promise<T> {
  const release = keepAlive();
  try {
    return await work;
  } finally {
    release();
  }
}
