/** The sessions with exchanges that are open, streams too: such a session does not count as idle. */
export class Exchanges {
  readonly #open = new Map<string, number>();

  has(session: string): boolean {
    return this.#open.has(session);
  }

  begin(session: string): void {
    this.#open.set(session, (this.#open.get(session) ?? 0) + 1);
  }

  end(session: string): void {
    const left = (this.#open.get(session) ?? 1) - 1;
    if (left > 0) this.#open.set(session, left);
    else this.#open.delete(session);
  }
}
