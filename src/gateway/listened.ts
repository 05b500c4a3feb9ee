/** The resources that the open listen streams of a modern client are about. */
export class Listened {
  readonly #streams = new Map<string | number, readonly string[]>();

  /** `changed` hears which resources the first stream begins to be about, and of which the last one ended. */
  constructor(private readonly changed: (added: readonly string[], dropped: readonly string[]) => void) {}

  begin(stream: string | number, uris: readonly string[]): void {
    this.#change(() => this.#streams.set(stream, uris));
  }

  end(stream: string | number): void {
    if (this.#streams.has(stream)) this.#change(() => this.#streams.delete(stream));
  }

  #change(change: () => void): void {
    const before = this.#all();
    change();
    const now = this.#all();
    const added = [...now].filter((uri) => !before.has(uri));
    const dropped = [...before].filter((uri) => !now.has(uri));
    if (added.length + dropped.length > 0) this.changed(added, dropped);
  }

  #all(): Set<string> {
    return new Set([...this.#streams.values()].flat());
  }
}
