/** The last bytes of a stream, as text. Memory stays bounded however much is written. */
export class Ring {
  #chunks: Buffer[] = [];
  #size = 0;
  #cut = false;

  constructor(private readonly maxBytes: number) {}

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size > this.maxBytes) this.#cut = true;
    while (this.#chunks.length > 1 && this.#size - this.#chunks[0]!.length >= this.maxBytes) {
      this.#size -= this.#chunks.shift()!.length;
    }
  }

  toString(): string {
    return Buffer.concat(this.#chunks).subarray(-this.maxBytes).toString("utf8");
  }

  /** The last `count` lines that are not blank. */
  lastLines(count: number): string {
    const lines = this.toString().split(/\r?\n/);
    // Half a line may be half a secret, which nobody would know again.
    if (this.#cut) lines.shift();
    return lines
      .filter((line) => line.trim() !== "")
      .slice(-count)
      .join("\n");
  }
}
