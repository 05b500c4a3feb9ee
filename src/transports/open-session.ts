import { NEVER, whenAborted } from "../base/abort.js";
import { HoldfastError } from "../base/errors.js";
import { keepAlive } from "../base/keep-alive.js";
import type { Connection } from "../connection/connection.js";
import type { Lease } from "../connection/participants.js";
import { OWN_INFO } from "../connection/profile.js";
import type { Session, SessionOptions, TransportHandle } from "../contract/session.js";
import type { Ready } from "../session/ports.js";
import { SessionView } from "../session/session.js";

/** Opens a session of `transport` on the connection that `live` gives. The program stays alive for as long as it is open. */
export async function openSession(
  transport: TransportHandle,
  live: () => Promise<Connection>,
  options: SessionOptions,
): Promise<Session> {
  const release = keepAlive();
  try {
    return await open(transport, live, options, release);
  } catch (error) {
    release();
    throw error;
  }
}

async function open(
  transport: TransportHandle,
  live: () => Promise<Connection>,
  options: SessionOptions,
  release: () => void,
): Promise<Session> {
  const { signal } = options;
  const connection = await live();
  const lease = connection.participants.acquire(options);
  try {
    const ready = await connection.waiting.whenReady(signal ?? NEVER);
    // Race: closed between the handshake's end and this line.
    if (connection.waiting.closedError) throw connection.waiting.closedError;
    // Race: the signal fired in the tick in which the connection was ready.
    signal?.throwIfAborted();
    return admitted(transport, { connection, lease, ready, release }, options);
  } catch (error) {
    connection.participants.release(lease);
    throw error;
  }
}

/** A place on a connection whose handshake is done. */
interface Place {
  connection: Connection;
  lease: Lease;
  ready: Ready;
  /** Lets the program end. */
  release(): void;
}

function admitted(
  transport: TransportHandle,
  { connection, lease, ready, release }: Place,
  options: SessionOptions,
): Session {
  const { signal } = options;
  const session = new SessionView(
    {
      port: connection.port,
      connection: transport,
      subscriptions: connection.participants.subscriptions,
      onEnd: (ended) => {
        stop();
        connection.participants.dismiss(ended, lease);
        release();
      },
    },
    options,
    options.clientInfo ?? OWN_INFO,
  );
  const stop = whenAborted(signal, (cause) =>
    session.end(
      new HoldfastError("SESSION_CLOSED", `${transport.name}: the session's signal fired`, { cause }),
    ),
  );
  connection.participants.admit(session, ready);
  return session;
}
