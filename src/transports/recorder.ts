import { messageOf } from "../base/errors.js";
import type { Inspect } from "../contract/inspection.js";
import type { AttemptContext, Wire } from "../contract/wire.js";
import { recordingAt } from "../recording/file.js";
import { tapped } from "../recording/tap.js";
import { INTERNALS, type Internals } from "./internals.js";

/** A transport, as far as it can be recorded. */
interface Recordable {
  inspect(observer: Inspect): () => void;
  readonly [INTERNALS]: Internals;
}

/** Writes the messages and events of a transport to a file. Does not hold the transport, which is to be forgotten as any other. */
export class Recorder {
  readonly #file: ReturnType<typeof recordingAt>;
  #transport: WeakRef<Recordable> | undefined;

  /** `id`: of the connection, as in its inspection events. */
  constructor(
    private readonly path: string,
    private readonly server: string,
    private readonly id: string,
  ) {
    this.#file = recordingAt(path);
  }

  /** Records the events of a transport, and tells its subscribers where the recording ends before its time. */
  follow(transport: Recordable): void {
    this.#transport = new WeakRef(transport);
    transport.inspect((event) => this.#append(event));
  }

  /**
   * Opens a wire whose messages are recorded.
   * @throws HoldfastError `CONFIG_INVALID` where the file cannot be written
   */
  async open(
    attempt: AttemptContext,
    openWire: (attempt: AttemptContext) => Promise<Wire> | Wire,
  ): Promise<Wire> {
    attempt.cleanup(this.#file.hold(this.server));
    const { epoch } = attempt;
    return tapped(await openWire(attempt), (direction, given) => {
      // Who knows what is secret is gone with the transport: what comes after that is left out.
      const internals = this.#transport?.deref()?.[INTERNALS];
      if (!internals) return;
      const message = internals.withoutSecrets(given);
      this.#append({ type: "message", at: Date.now(), id: this.id, epoch, direction, message });
    });
  }

  #append(line: object): void {
    try {
      this.#file.append(line);
    } catch (error) {
      const message = `${this.path}: ${messageOf(error)}`;
      this.#transport?.deref()?.[INTERNALS].announce({ type: "warning", message });
    }
  }
}
