import { HoldfastError } from "../base/errors.js";
import { DEFAULTS } from "../contract/options.js";
import type { UnaskedRule } from "../contract/wire.js";

/** Bytes of messages that have begun and not ended, of all connections of the program, and how many messages those are. */
let held = 0;
let messages = 0;

/** The bytes of one message while it comes in: one server after another may begin a large one and never end it. */
export class Receiving {
  #bytes = 0;
  #over = false;

  constructor(
    readonly rule: () => UnaskedRule | undefined,
    private readonly maxMessageBytes: number,
  ) {}

  /** Where nobody said how much, there is room for a message that is as large as one may be. */
  private get most(): number {
    const { maxReceivingBytes } = this.rule() ?? {};
    return maxReceivingBytes ?? Math.max(DEFAULTS.maxReceivingBytes, 2 * this.maxMessageBytes);
  }

  /** What the call is told whose answer found no room. */
  get error(): HoldfastError<"MESSAGE_TOO_LARGE"> {
    const { most } = this;
    const message = `a message was thrown away, because the program receives more than ${most} bytes at once; raise maxReceivingBytes to accept it`;
    return new HoldfastError("MESSAGE_TOO_LARGE", message, { maxMessageBytes: most });
  }

  /** Whether there is room for so many more in the program. */
  add(bytes: number): boolean {
    if (this.#over) return false;
    const { most } = this;
    if (!this.#hasRoom(bytes, most)) {
      this.rule()?.onFull?.(most);
      return false;
    }
    if (this.#bytes === 0) messages++;
    held += bytes;
    this.#bytes += bytes;
    return true;
  }

  /** The message has ended, or nothing of it is kept any more. */
  release(): void {
    if (this.#bytes > 0) messages--;
    held -= this.#bytes;
    this.#bytes = 0;
  }

  /** From half of the bound on, the large ones give way: small ones are others', who do no harm. */
  #hasRoom(bytes: number, most: number): boolean {
    const all = held + bytes;
    return all <= most / 2 || (all <= most && this.#bytes + bytes <= most / 2 / Math.max(1, messages));
  }

  /** No message is kept from here on. */
  end(): void {
    this.release();
    this.#over = true;
  }
}
