import { asError } from "../../base/errors.js";
import { DEFAULTS } from "../../contract/options.js";
import { retryAfterMs } from "../network.js";
import { Receiving } from "../receiving.js";
import { tooLarge } from "../too-large.js";
import { Body } from "./body.js";
import { decompressor, type Sink } from "./decompress.js";
import type { Exchange } from "./request.js";

/** The headers of an answer, their names in lower case. */
export type Fields = Record<string, string | string[] | undefined>;

/** So much of a body that nobody wants is read, so that its socket can be used again. */
const MAX_DISCARDED = 64 * 1024;

/** An answer over HTTP, whose body is read once and as it comes. */
export class HttpAnswer {
  /** Came in before anybody read it: what was in the same packet as the headers. */
  #early: Buffer[] = [];
  #sink: Sink | undefined;
  #ended = false;
  #error: Error | undefined;
  #settle: (() => void) | undefined;
  /** `application/json` of `Application/JSON; charset=utf-8`; undefined where the server does not say. */
  readonly mediaType: string | undefined;
  /** The longest wait that the server may ask for, in milliseconds. */
  maxWaitMs: number = DEFAULTS.maxRetryAfterMs;

  constructor(
    readonly status: number,
    private readonly fields: Fields,
    private readonly exchange: Exchange,
    /** How the body is packed; empty: as it is meant, whatever its headers say. */
    private readonly encoding = single(fields["content-encoding"]) ?? "",
  ) {
    this.mediaType = mediaTypeIn(this.header("content-type") ?? "");
  }

  /** Lets the rest of the body wait where it is: its server waits, too, once all between is full. */
  pause(): void {
    this.exchange.pause();
    this.#sink?.pause();
  }

  resume(): void {
    this.#sink?.resume();
    this.exchange.resume();
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  /** One header; the first where there are several. */
  header(name: string): string | undefined {
    return single(this.fields[name]);
  }

  /** When the server wants to be asked again, in milliseconds from now; undefined where it does not say. */
  get retryAfterMs(): number | undefined {
    return retryAfterMs(this.status, this.header("retry-after"), this.maxWaitMs);
  }

  /** A wait that the server asks for in the body, in milliseconds. */
  bounded(ms: number): number {
    return Math.min(ms, this.maxWaitMs);
  }

  get cookies(): readonly string[] {
    const value = this.fields["set-cookie"];
    return value === undefined ? [] : Array.isArray(value) ? value : [value];
  }

  // Called by what receives it.

  push(bytes: Buffer): void {
    if (this.#sink) this.#sink.write(bytes);
    else this.#early.push(bytes);
  }

  finish(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#settle?.();
  }

  /** Gives the bytes as they come; settles with the body's end, rejects where it breaks off. */
  read(onBytes: (bytes: Buffer) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        this.#sink?.destroy();
        this.#sink = IGNORED;
        reject(error);
      };
      const bytes = (chunk: Buffer) => {
        try {
          onBytes(chunk);
        } catch (error) {
          this.exchange.abort(asError(error));
          fail(asError(error));
        }
      };
      try {
        this.#sink = decompressor(this.encoding, { bytes, end: resolve, fail });
      } catch (error) {
        this.exchange.abort(asError(error));
        return fail(asError(error));
      }
      this.#settle = () => {
        if (this.#error) fail(this.#error);
        else this.#sink!.end();
      };
      for (const chunk of this.#early.splice(0)) this.#sink!.write(chunk);
      if (this.#ended) this.#settle();
    });
  }

  /** The whole body. Rejects with `MESSAGE_TOO_LARGE` as soon as it is larger than `maxBytes`. */
  async text(maxBytes: number, rule?: Receiving["rule"]): Promise<string> {
    const receiving = rule && new Receiving(rule, maxBytes);
    const body = new Body();
    const take = (bytes: Buffer) => {
      if (body.size + bytes.length > maxBytes) throw tooLarge(maxBytes);
      if (receiving?.add(bytes.length) === false) throw receiving.error;
      body.add(bytes);
    };
    try {
      // Most answers came whole in the packet of their headers: nothing is left to wait for.
      if (this.#ended && !this.#error && this.encoding === "") this.#early.forEach(take);
      else await this.read(take);
    } finally {
      receiving?.end();
    }
    const text = body.text();
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }

  /** Nobody waits for the rest of the body: reading it fails with this. */
  giveUp(reason: Error): void {
    this.exchange.abort(reason);
  }

  /** Nobody wants the body. */
  discard(): void {
    if (this.mediaType === "text/event-stream") {
      this.exchange.abort(new Error("nobody reads the stream"));
      return;
    }
    let size = 0;
    const count = (bytes: Buffer) => {
      size += bytes.length;
      if (size > MAX_DISCARDED) this.exchange.abort(new Error("nobody reads the body"));
    };
    this.#sink = { ...IGNORED, write: count };
    for (const chunk of this.#early.splice(0)) count(chunk);
  }
}

const IGNORED: Sink = { write() {}, end() {}, destroy() {}, pause() {}, resume() {} };

const single = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value);

function mediaTypeIn(type: string): string | undefined {
  const end = type.indexOf(";");
  return (end === -1 ? type : type.slice(0, end)).trim().toLowerCase() || undefined;
}
