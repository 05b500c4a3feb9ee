import type { ServerCapabilities } from "@modelcontextprotocol/client";
import type { ConnectionStatus } from "../contract/status.js";
import type { Upstream } from "../gateway/presented.js";
import type { Manifest } from "./manifest.js";
import type { ToolRules } from "./transforms.js";

/** One server of a composite. */
export interface Member extends ToolRules, Upstream {
  status(): ConnectionStatus;
  /** What is known of a lazy server without it. */
  readonly known?: Manifest | undefined;
}

/** It is not started before somebody needs it, and what it offers is known until then. */
export const isUnstarted = (member: Member): boolean =>
  member.known !== undefined && member.session === undefined;

export const capabilitiesOf = ({ session, known }: Member): ServerCapabilities | undefined =>
  session ? session.getServerCapabilities() : known?.capabilities;

/** Reached, and not being reached again: it can be asked. */
export const isUp = (member: Member): boolean =>
  member.session !== undefined && member.status().state === "connected";
