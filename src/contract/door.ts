/**
 * A transport of the SDK, version 1 or 2, or anything built like one.
 */
export interface SdkTransport {
  start(): Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: the SDKs' message types differ in what they leave optional.
  send(message: any, options?: any): Promise<void>;
  close(): Promise<void>;
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: the SDKs' message types differ in what they leave optional.
  onmessage?: ((message: any, extra?: any) => void) | undefined;
}

/** The transport that a session gives: a handler that is not set is left out, as other programs' strict types ask. */
export interface SessionTransport extends SdkTransport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  onmessage?: (message: any, extra?: any) => void;
}

/** A transport of holdfast as a server object, for programs that take one. `asServer()` makes it. */
export interface ServerDoor {
  /**
   * Serves one more client at the other end of `transport`. Settles when it listens. Each client has its own handshake and
   * session, and gets only its own questions. A client that can answer questions also gets its own connection to a legacy server,
   * because such a server does not say which client a question is for.
   */
  connect(transport: SdkTransport): Promise<void>;
  /** Ends the sessions of all clients. The transport itself stays open. */
  close(): Promise<void>;
}
