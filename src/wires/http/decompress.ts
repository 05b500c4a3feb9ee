import type { Transform } from "node:stream";
import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from "node:zlib";

/** What we ask servers for. */
export const ACCEPTED_ENCODINGS = "gzip, deflate, br";

/** What is there is given out at once: a stream of events does not wait for its end. */
const FLUSH = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };
const BROTLI_FLUSH = {
  flush: constants.BROTLI_OPERATION_FLUSH,
  finishFlush: constants.BROTLI_OPERATION_FLUSH,
};
/** More layers than anybody puts around a body. */
const MAX_LAYERS = 3;

/** Where the bytes of a body go. */
export interface Sink {
  write(bytes: Buffer): void;
  end(): void;
  destroy(): void;
  /** Keeps what is written until `resume`. */
  pause(): void;
  resume(): void;
}

export interface SinkEvents {
  bytes(bytes: Buffer): void;
  end(): void;
  fail(error: Error): void;
}

/** Takes the bytes of a body as they come, and gives what is in them. Throws for an encoding that nobody knows. */
export function decompressor(encodings: string, events: SinkEvents): Sink {
  if (encodings === "") return new Plain(events);
  const names = encodings
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && name !== "identity");
  if (names.length > MAX_LAYERS) throw new Error("the body is compressed more often than anybody needs");
  return names.reduce<Layer>((next, name) => layer(name, next), new Plain(events));
}

interface Layer extends Sink {
  fail(error: Error): void;
}

/** What nothing is to be done with. */
class Plain implements Layer {
  readonly write: SinkEvents["bytes"];
  readonly end: SinkEvents["end"];
  readonly fail: SinkEvents["fail"];

  constructor({ bytes, end, fail }: SinkEvents) {
    this.write = bytes;
    this.end = end;
    this.fail = fail;
  }

  destroy(): void {}
  pause(): void {}
  resume(): void {}
}

/** The layer that was put on first is taken off last. */
function layer(name: string, next: Layer): Layer {
  let decoder: Transform | undefined;
  const open = (first: number) => {
    decoder = decoderOf(name, first);
    decoder.on("data", next.write);
    decoder.on("end", next.end);
    decoder.on("error", next.fail);
    return decoder;
  };
  if (!KNOWN.has(name)) throw new Error(`the body is encoded as ${JSON.stringify(name)}`);
  return {
    write: (bytes) => void (decoder ?? open(bytes[0] ?? 0)).write(bytes),
    // An empty body has nothing to decode.
    end: () => (decoder ? void decoder.end() : next.end()),
    fail: next.fail,
    destroy: () => {
      decoder?.destroy();
      next.destroy();
    },
    pause: () => void decoder?.pause(),
    resume: () => void decoder?.resume(),
  };
}

const KNOWN = new Set(["gzip", "x-gzip", "deflate", "br"]);

function decoderOf(name: string, first: number): Transform {
  if (name === "br") return createBrotliDecompress(BROTLI_FLUSH);
  if (name !== "deflate") return createGunzip(FLUSH);
  // Some send it without the frame that the standard wants; that frame begins with an 8 in the low half.
  return (first & 0x0f) === 8 ? createInflate(FLUSH) : createInflateRaw(FLUSH);
}
