/** What `serve` gives. */
export interface Served {
  /** Where it is served; undefined on stdio. */
  readonly url: string | undefined;
  /** Settles when nobody is served any more: after `close`, or when the client's end of stdio is closed. */
  readonly closed: Promise<void>;
  /**
   * Over HTTPS: takes a renewed certificate and its key (PEM) for the connections from now on. Those that are open stay.
   * @throws HoldfastError `CONFIG_INVALID` where they are none, or do not fit; the one before stays
   */
  readonly renewTls?: (tls: { cert: string; key: string }) => void;
  /** Refuses what is new and waits for what runs, at most so many ms (default 10,000); then closes. */
  drain(timeoutMs?: number): Promise<void>;
  /** Ends all clients at once. The transport stays: who brought it closes it. Idempotent. */
  close(): Promise<void>;
}

export const DRAIN_MS = 10_000;
