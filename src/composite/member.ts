import type { Session } from "../contract/session.js";
import type { ConnectionStatus } from "../contract/status.js";
import type { ToolRules } from "./transforms.js";

/** One server behind a front. */
export interface Member extends ToolRules {
  readonly name: string;
  /** Open once the server was reached; it lives across reconnects. */
  readonly session: Session | undefined;
  /** Default of its calls in milliseconds; 0: none. */
  readonly timeoutMs: number | undefined;
  status(): ConnectionStatus;
  /** Settles with the session; rejects when there can be none, or with the signal's reason. */
  opened(signal: AbortSignal): Promise<Session>;
}

/** Reached, and not being reached again: it can be asked. */
export const isUp = (member: Member): boolean =>
  member.session !== undefined && member.status().state === "connected";
