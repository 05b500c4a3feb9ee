import type { ClientTransport } from "../../index.js";
import { createInspector, type Inspector } from "../../inspect/index.js";
import { print } from "../terminal/print.js";

/** A pause between the steps, for a person to see what happens. */
const PAUSE_MS = 2_500;
/** How long to wait for a person to open the page. */
const OPEN_MS = 60_000;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** The demo with its page. It waits until the page is open, and runs slowly. Without a terminal it does not wait. */
export class Show {
  readonly #live = process.stdout.isTTY === true;

  private constructor(private readonly inspector: Inspector) {}

  static async start(): Promise<Show> {
    const show = new Show(await createInspector());
    print(`the page of this demo: ${show.inspector.url}`);
    return show;
  }

  /** Watches the transports, and waits until the page is open. */
  async watch(transports: readonly ClientTransport[]): Promise<void> {
    this.inspector.watch(...transports);
    if (!this.#live) return;
    print("open it in a browser on this machine; the demo begins when it is open (or after a minute)\n");
    for (let waited = 0; this.inspector.pages === 0 && waited < OPEN_MS; waited += 200) await pause(200);
    await this.pause();
  }

  async pause(): Promise<void> {
    if (this.#live) await pause(PAUSE_MS);
  }

  /** Waits until the page is closed, so that a person can look at what happened. */
  async over(): Promise<void> {
    if (!this.#live || this.inspector.pages === 0) return;
    print("\nthe page stays open until it is closed, or Ctrl-C");
    while (this.inspector.pages > 0) await pause(500);
  }

  close(): Promise<void> {
    return this.inspector.close();
  }
}
