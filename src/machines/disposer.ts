type Cleanup = () => unknown;

/**
 * Collects what one attempt opened, to close it together. Add a resource before the first await after making it. One that is
 * added after `dispose` is closed at once.
 */
export class Disposer {
  readonly #cleanups: Cleanup[] = [];
  #done: Promise<void> | undefined;

  add(cleanup: Cleanup): void {
    if (this.#done) this.#done = Promise.all([this.#done, run(cleanup)]).then(() => {});
    else this.#cleanups.push(cleanup);
  }

  /** Closes all resources once, one after another, newest first. Settles when the last is closed. Never rejects. */
  dispose(): Promise<void> {
    this.#done ??= this.#run();
    return this.#done;
  }

  async #run(): Promise<void> {
    for (let cleanup = this.#cleanups.pop(); cleanup; cleanup = this.#cleanups.pop()) await run(cleanup);
  }
}

async function run(cleanup: Cleanup): Promise<void> {
  try {
    await cleanup();
  } catch {
    // If one resource fails to close, the others are closed all the same.
  }
}
