import type { ConnectionStatus } from "../contract/status.js";
import type { Upstream } from "../gateway/presented.js";
import type { ToolRules } from "./transforms.js";

/** One server of a composite. */
export interface Member extends ToolRules, Upstream {
  status(): ConnectionStatus;
}

/** Reached, and not being reached again: it can be asked. */
export const isUp = (member: Member): boolean =>
  member.session !== undefined && member.status().state === "connected";
