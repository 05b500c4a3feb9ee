import type { Clock } from "../machines/clock.js";
import type { HttpSettings } from "./http-options.js";
import { NOTHING, type Remembered } from "./remembered.js";
import { SessionIds } from "./session-ids.js";

/** How many sessions that ended are known not to come back. */
const MAX_ENDED = 10_000;

/** Sessions that are not open here: of an endpoint before this one, of a process before this one, and those that ended. */
export class EarlierSessions {
  readonly #ids: SessionIds | undefined;
  /** Those that came first are first. */
  readonly #adopted = new Map<string, { remembered: Remembered; until: number }>();
  readonly #ended = new Set<string>();

  constructor(
    private readonly settings: Pick<HttpSettings, "idleMs" | "maxSessions" | "sessionKey">,
    private readonly clock: Clock,
  ) {
    const { sessionKey } = settings;
    this.#ids = sessionKey === undefined ? undefined : new SessionIds(sessionKey);
  }

  /** An id from which a process after this one can tell the session. Undefined: there is none. */
  idFor(introduction: unknown): string | undefined {
    return this.#ids?.make(introduction);
  }

  /** Undefined: there was no such session, or it is over. */
  find(id: string): Remembered | undefined {
    if (this.#ended.has(id)) return undefined;
    this.#forgetOld();
    const introduction = this.#ids?.read(id);
    const signed = introduction === undefined ? undefined : { introduction, standing: NOTHING };
    return this.#adopted.get(id)?.remembered ?? signed;
  }

  /** It is open here. */
  taken(id: string): void {
    this.#adopted.delete(id);
  }

  /** What its client ended does not come back. */
  end(id: string): void {
    this.#ended.add(id);
    const [oldest] = this.#ended;
    if (this.#ended.size > MAX_ENDED && oldest !== undefined) this.#ended.delete(oldest);
  }

  /** It was open here, and its client may go on with it. */
  keep(id: string, remembered: Remembered): void {
    if (this.#ended.has(id)) return;
    this.#adopted.set(id, { remembered, until: this.clock.now() + this.settings.idleMs });
    this.#forgetOld();
  }

  /** Takes over from an endpoint before this one, whose sessions `open` were. They wait as long as one that is silent. */
  adopt(before: EarlierSessions, open: Iterable<readonly [string, Remembered]>): void {
    for (const id of before.#ended) this.end(id);
    for (const [id, known] of before.#adopted) this.#adopted.set(id, known);
    for (const [id, remembered] of open) this.keep(id, remembered);
  }

  #forgetOld(): void {
    for (const [id, { until }] of this.#adopted) {
      if (until > this.clock.now() && this.#adopted.size <= this.settings.maxSessions) return;
      this.#adopted.delete(id);
    }
  }
}
