import type { Observed } from "../contract/inspection.js";
import type { ConnectionEvent, ConnectionStatus } from "../contract/status.js";

/**
 * What the connection's actor did (its events come from XState's inspection API), in the words of an inspector. The one
 * place where the two meet.
 */
export function inspectionOf(status: ConnectionStatus, event: ConnectionEvent): Observed[] {
  switch (event.type) {
    case "transition":
      return [transition(event), ...wire(status, event)];
    case "listening":
      return [{ type: "listening", listening: event.listening }];
    case "authorizing":
      return [{ type: "authorizing", step: event.authorizing.step }];
    case "changed":
      return [{ type: "changed", what: Object.keys(event.change.lists).join(", ") || "server" }];
    case "request.resent": {
      const { method, name, outcome } = event;
      return [{ type: "request.resent", method, outcome, ...(name !== undefined && { name }) }];
    }
    case "warning":
      return [{ type: "warning", message: event.message }];
    default:
      return [];
  }
}

/** How a connection is at the moment from which it is watched. */
export function appearedOf(status: ConnectionStatus): Observed {
  const { name, kind, state, detail, since, epoch, attempt, nextRetryAt, lastError } = status;
  return {
    type: "appeared",
    name,
    kind,
    state: detail === undefined ? state : `${state}.${detail}`,
    since,
    epoch,
    attempt,
    ...(nextRetryAt !== undefined && { nextRetryAt }),
    ...(lastError && state !== "connected" && { code: lastError.code, reason: lastError.message }),
  };
}

type Transition = Extract<ConnectionEvent, { type: "transition" }>;

const errorOf = ({ error }: Transition) => error && { code: error.code, reason: error.message };

function transition(event: Transition): Observed {
  const { from, to, cause, epoch, attempt, delayMs } = event;
  // The last error stays in the status; here it is told where it is news.
  const news = to === "connecting.waiting" || to === "disconnecting" || to === "closed";
  return {
    type: "transition",
    from,
    to,
    cause,
    epoch,
    attempt,
    ...(delayMs !== undefined && { delayMs }),
    ...(news && errorOf(event)),
  };
}

function wire(status: ConnectionStatus, event: Transition): Observed[] {
  const { from, to, epoch } = event;
  if (from.startsWith("connected") && !to.startsWith("connected"))
    return [{ type: "wire.lost", epoch, ...errorOf(event) }];
  if (from !== "connecting.opening" || to !== "connected.steady") return [];
  return [{ type: "wire.opened", epoch, ...identityOf(status) }];
}

/** What is known of the server behind an open wire. */
export function identityOf({ server, era, protocolVersion, pid, sessionId }: ConnectionStatus) {
  return {
    ...(server && { server: server.name, version: server.version }),
    ...(era && { era }),
    ...(protocolVersion && { protocol: protocolVersion }),
    ...(pid !== undefined && { pid }),
    ...(sessionId !== undefined && { session: sessionId.slice(0, 8) }),
  };
}
