import { isHoldfastError } from "../base/errors.js";
import { loader } from "../base/loader.js";
import type { ClientTransport } from "../transports/transport.js";
import type { Metrics } from "./metrics.js";

const load = loader(() => import("./metrics.js"));

/** An answer to `GET /metrics`. */
interface Scrape {
  status: 200 | 501;
  contentType: string;
  text: string;
}

/** Metrics that are counted from the first scrape on: nobody who is never asked for them pays for them. */
export class Scraped {
  #metrics: Metrics | undefined;
  #closed = false;

  constructor(private readonly transports: () => readonly ClientTransport[]) {}

  async scrape(): Promise<Scrape> {
    try {
      const { metrics } = await load();
      // What closed meanwhile must not be watched again.
      const counted = this.#metrics ?? metrics(this.#closed ? [] : this.transports());
      this.#metrics = counted;
      return { status: 200, contentType: counted.contentType, text: await counted.text() };
    } catch (error) {
      if (!isHoldfastError(error, "CONFIG_INVALID")) throw error;
      return { status: 501, contentType: "text/plain", text: `${error.message}\n` };
    }
  }

  /** Watches more transports, where anything is counted. */
  watch(...transports: readonly ClientTransport[]): void {
    this.#metrics?.watch(...transports);
  }

  close(): void {
    this.#closed = true;
    this.#metrics?.close();
  }
}
