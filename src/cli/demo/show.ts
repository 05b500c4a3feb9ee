import { createInspector, type Inspector } from "../../inspect/index.js";
import type { ClientTransport } from "../../transports/transport.js";

/** Time for a person to see what happens. */
const PAUSE_MS = 2_500;
const OPEN_MS = 60_000;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** The demo with its page: it waits for the page to be open, and goes slowly. Without a terminal it waits for nobody. */
export class Show {
  readonly #live = process.stdout.isTTY === true;

  private constructor(private readonly inspector: Inspector) {}

  static async start(): Promise<Show> {
    const show = new Show(await createInspector());
    console.log(`the page of this demo: ${show.inspector.url}`);
    return show;
  }

  /** Watches them, and waits until somebody looks. */
  async watch(transports: readonly ClientTransport[]): Promise<void> {
    this.inspector.watch(...transports);
    if (!this.#live) return;
    console.log(
      "open it in a browser on this machine; the demo begins when it is open (or after a minute)\n",
    );
    for (let waited = 0; this.inspector.pages === 0 && waited < OPEN_MS; waited += 200) await pause(200);
    await this.pause();
  }

  async pause(): Promise<void> {
    if (this.#live) await pause(PAUSE_MS);
  }

  /** The page stays for a while, so that what happened can be looked at. */
  async over(): Promise<void> {
    if (!this.#live || this.inspector.pages === 0) return;
    console.log("\nthe page stays open until it is closed, or Ctrl-C");
    while (this.inspector.pages > 0) await pause(500);
  }

  close(): Promise<void> {
    return this.inspector.close();
  }
}
