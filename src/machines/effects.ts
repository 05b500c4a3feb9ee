/** What the machine makes a connection do. Each effect is a plain async function that rejects with a `Failure`. */
export interface ConnectionEffects {
  /** Opens the wire of an epoch. Once `signal` fires it must close what it opened, even if it resolves later. */
  open(epoch: number, signal: AbortSignal): Promise<void>;
  /** Asks the server of an epoch for a sign of life. */
  probe(epoch: number, signal: AbortSignal): Promise<void>;
  /** Gets the token that the server of an epoch wants. It may have to wait for a person. */
  authorize(epoch: number, signal: AbortSignal): Promise<void>;
  /** Closes everything that an epoch opened. */
  dispose(epoch: number): Promise<void>;
}
