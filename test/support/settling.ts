/** Settles when `check` holds; looks again whenever the transport says something, and every 10 ms besides. */
export async function until(check: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${check}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Resolves with what a promise was rejected with. */
export async function rejection(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error("it was not rejected");
}

/** Lets everything that is settled already be heard of. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** The same for what passes through the queues of several streams. */
export async function quiet(): Promise<void> {
  for (let i = 0; i < 4; i++) await settled();
}
