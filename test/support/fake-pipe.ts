import { Readable } from "node:stream";

/** A pipe in a test's hands: what is emitted as data is what comes in. */
export class FakePipe extends Readable {
  override _read(): void {}
}
