import { MAX_DELAY_MS } from "../machines/backoff.js";

let holds = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/**
 * Keeps the program alive until the returned function is called. More calls of that function do nothing. All other timers,
 * sockets and processes of holdfast are unref'd, so this module alone decides how long the program lives.
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
