type Cleanup = () => unknown;

/**
 * Everything that one attempt opened, to be closed with it. A resource is added before the first await
 * that follows its making; one that is added too late is closed at once.
 */
export class Disposer {
  readonly #cleanups: Cleanup[] = [];
  #done: Promise<void> | undefined;

  add(cleanup: Cleanup): void {
    if (this.#done) this.#done = Promise.all([this.#done, run(cleanup)]).then(() => {});
    else this.#cleanups.push(cleanup);
  }

  /** Closes all of it, the newest first, each once; settles when the last has ended. Never rejects. */
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
    // A resource that fails to close must not keep the others open.
  }
}
