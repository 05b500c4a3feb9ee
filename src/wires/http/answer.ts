import { asError } from "../../base/errors.js";
import { DEFAULTS } from "../../contract/options.js";
import type { Source } from "../allowance.js";
import { retryAfterMs } from "../network.js";
import { Receiving } from "../receiving.js";
import { tooLarge } from "../too-large.js";
import { Body } from "./body.js";
import { decompressor, type Sink } from "./decompress.js";

/** The headers of an answer, their names in lower case. */
export type Fields = Record<string, string | string[] | undefined>;

/** So much of a body that nobody wants is read, so that its socket can be used again. */
const MAX_DISCARDED = 64 * 1024;

/** An answer over HTTP, whose body is read once and as it comes. */
export class HttpAnswer {
  /** Came in before anybody read it: what was in the same packet as the headers. */
  #early: Buffer[] = [];
  #sink: Sink | undefined;
  #end: { error: Error | undefined } | undefined;
  #settle: (() => void) | undefined;
  /** The longest wait that the server may ask for, in milliseconds. */
  maxWaitMs: number = DEFAULTS.maxRetryAfterMs;

  constructor(
    readonly status: number,
    private readonly fields: Fields,
    /** Ends the exchange. */
    private readonly stop: (reason: Error) => void,
    /** `decoded`: the body comes as it is meant, whatever its headers say. */
    private readonly options: { decoded?: boolean; flow?: Source } = {},
  ) {}

  /** Lets the rest of the body wait where it is: its server waits, too, once all between is full. */
  pause(): void {
    this.options.flow?.pause();
    this.#sink?.pause();
  }

  resume(): void {
    this.#sink?.resume();
    this.options.flow?.resume();
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  /** One header; the first where there are several. */
  header(name: string): string | undefined {
    const value = this.fields[name];
    return Array.isArray(value) ? value[0] : value;
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

  /** `application/json` of `Application/JSON; charset=utf-8`; undefined where the server does not say. */
  get mediaType(): string | undefined {
    const [type = ""] = (this.header("content-type") ?? "").split(";", 1);
    return type.trim().toLowerCase() || undefined;
  }

  // Called by what receives it.

  push(bytes: Buffer): void {
    if (this.#sink) this.#sink.write(bytes);
    else this.#early.push(bytes);
  }

  finish(error?: Error): void {
    if (this.#end) return;
    this.#end = { error };
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
          this.stop(asError(error));
          fail(asError(error));
        }
      };
      try {
        this.#sink = decompressor(this.options.decoded ? "" : (this.header("content-encoding") ?? ""), {
          bytes,
          end: resolve,
          fail,
        });
      } catch (error) {
        this.stop(asError(error));
        return fail(asError(error));
      }
      this.#settle = () => {
        const { error } = this.#end!;
        if (error) fail(error);
        else this.#sink!.end();
      };
      for (const chunk of this.#early.splice(0)) this.#sink!.write(chunk);
      if (this.#end) this.#settle();
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
    await this.read(take).finally(() => receiving?.end());
    const text = body.text();
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }

  /** Nobody waits for the rest of the body: reading it fails with this. */
  giveUp(reason: Error): void {
    this.stop(reason);
  }

  /** Nobody wants the body. */
  discard(): void {
    if (this.mediaType === "text/event-stream") {
      this.stop(new Error("nobody reads the stream"));
      return;
    }
    let size = 0;
    const count = (bytes: Buffer) => {
      size += bytes.length;
      if (size > MAX_DISCARDED) this.stop(new Error("nobody reads the body"));
    };
    this.#sink = { ...IGNORED, write: count };
    for (const chunk of this.#early.splice(0)) count(chunk);
  }
}

const IGNORED: Sink = { write() {}, end() {}, destroy() {}, pause() {}, resume() {} };
