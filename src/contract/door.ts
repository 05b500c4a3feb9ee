/**
 * A transport of the SDK, of version 1 or 2, or of anything that is built like one: whoever holds one end of it reaches the
 * other by messages.
 */
export interface SdkTransport {
  start(): Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: the SDKs' message types differ in what they leave optional.
  send(message: any, options?: any): Promise<void>;
  close(): Promise<void>;
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  onmessage?: ((message: any, extra?: any) => void) | undefined;
}

/** A transport of ours as a server, for whoever takes an instance of one. */
export interface ServerDoor {
  /**
   * Serves one more client, at the other end of `transport`. Settles when it listens. Each client has a handshake, a
   * session and questions of its own; a client that can be asked has a connection of its own, too, where the server is a
   * legacy one.
   */
  connect(transport: SdkTransport): Promise<void>;
  /** Ends the sessions of all clients; the transport itself stays. */
  close(): Promise<void>;
}
