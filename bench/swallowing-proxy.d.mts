/** A middlebox in front of a server on this machine that can forget its flows. `port` is the server's. */
export function swallowingProxy(port: number): Promise<{
  /** The middlebox's own port. */
  port: number;
  /** How many flows there were so far. */
  readonly opened: number;
  /** The flows that are open now are forgotten: what the server sends on them goes nowhere. */
  swallow(): void;
  close(): void;
}>;
