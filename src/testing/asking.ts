import { SdkError, SdkErrorCode } from "@modelcontextprotocol/client";
import { isHoldfastError } from "../base/errors.js";
import type { Session } from "../contract/session.js";

/** A call that any server answers and that changes nothing. */
export const read = (session: Session): Promise<unknown> =>
  hasTools(session) ? session.listTools() : session.ping();

export const hasTools = (session: Session) => session.getServerCapabilities()?.tools !== undefined;

export const isTimeout = (error: unknown) =>
  (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout) ||
  isHoldfastError(error, "CONNECT_TIMEOUT");
