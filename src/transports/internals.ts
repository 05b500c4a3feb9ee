import type { Expected } from "../connection/server-lists.js";
import type { Credential } from "../contract/credential.js";
import type { Inspect, Observed } from "../contract/inspection.js";
import type { TransportHandle } from "../contract/session.js";
import type { Tracer } from "../contract/trace.js";
import type { AttemptContext, Wire } from "../contract/wire.js";
import type { Announcement } from "../session/ports.js";

export { CREDENTIAL_OF, type CredentialOf, ON_BEHALF, type OnBehalf } from "../contract/credential-of.js";

/** What other rooms may do with a transport, and who uses or writes one does not see. */
export interface Internals {
  /** Opens one wire. The test kit puts another one in its place. */
  open(attempt: AttemptContext): Promise<Wire> | Wire;
  /** What every wire shows to be let in. */
  credential(): Credential | undefined;
  /** The deadline of a call that names none, in milliseconds; undefined: the session's. */
  callTimeoutMs(method: string, name: string | undefined): number | undefined;
  /** What is known of the server before it is reached. */
  expect(expected: Expected): void;
  /** Whether the data holds a secret of this transport. */
  holdsSecret(data: unknown): boolean;
  /** The same data without the secrets of this transport, and of all that it reaches. */
  withoutSecrets<T>(data: T): T;
  /** Tells the subscribers something that the connection does not know. */
  announce(event: Announcement): void;
  /** Lets each call be followed from now on. Returns the function that ends it. */
  trace(tracer: Tracer): () => void;
  /** As `inspect` of the transport, without the calls that begin and end. */
  inspectConnection(observer: Inspect): () => void;
  /** Tells those who follow this transport of a fork of it, which clients have that can be asked. Returns the fork. */
  forked<T extends TransportHandle>(fork: T): T;
  /** Hears of each fork that is made. Returns the function that ends it. */
  followForks(heard: (fork: TransportHandle) => void): () => void;
  /** Who follows each call; undefined: nobody. */
  tracer(): Tracer | undefined;
  /** Tells those who inspect, if there is anybody. Does not hold the transport, so a wire may keep it. */
  readonly observe: (event: Observed) => void;
}

/** The key of a transport's internals: no name that a subclass gives one of its own members meets it. */
export const INTERNALS = Symbol("holdfast.internals");
