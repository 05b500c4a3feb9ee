/** Each effect is a plain async function; what it throws is a `Failure`. */
export interface ConnectionEffects {
  /** Opens the wire of an epoch. It must close what it opened once `signal` fires, however late it resolves. */
  open(epoch: number, signal: AbortSignal): Promise<void>;
  /** Asks the server of an epoch for a sign of life. */
  probe(epoch: number, signal: AbortSignal): Promise<void>;
  /** Gets what the server of an epoch wants to see: a token, which may take a person. */
  authorize(epoch: number, signal: AbortSignal): Promise<void>;
  /** Closes everything that an epoch opened. */
  dispose(epoch: number): Promise<void>;
}
