import { type ClientTransport, type ConnectionStatus, MCPConfigTransport } from "../../index.js";
import { explain } from "../../internal.js";
import { describeServer } from "../terminal/format.js";
import type { Cell } from "../terminal/table.js";
import { inWords } from "../terminal/words.js";
import type { Needing } from "./sign-in.js";

/** What is known of the servers of a command besides their statuses. */
export interface Known {
  /** The servers that need a person to sign in, and the command for it. */
  needing?: Needing;
  /** The last line that each one wrote to stderr. */
  lastLines?: ReadonlyMap<string, string>;
}

/** The servers of a composite. Undefined: the transport reaches one server directly. */
export function serversOf(transport: ClientTransport): Record<string, ConnectionStatus> | undefined {
  if (!(transport instanceof MCPConfigTransport)) return undefined;
  const { servers } = transport;
  return Object.values(servers).length > 1 || transport.status.kind === "config" ? servers : undefined;
}

/** A row for a server: its name, how it is, and what it is or what can be done. */
export function rowOf(status: ConnectionStatus, known: Known = {}): Cell[] {
  const { health } = explain(status, Date.now());
  const isLazy = status.lazy === "known" && !status.lastError;
  const text = isLazy ? "known" : health;
  const says = status.state === "connected" ? describeServer(status) : adviceOf(status, known);
  return [status.name, { text, style: STYLES[text] ?? "red" }, says];
}

const STYLES: Record<string, "dim" | "green" | "yellow"> = {
  known: "dim",
  closed: "dim",
  starting: "yellow",
  ok: "green",
  deaf: "yellow",
  "needs sign-in": "yellow",
};

/** The command that signs a person in, where that is what the server needs. */
export function helpFor({ name, state, lastError }: ConnectionStatus, needing?: Needing): string | undefined {
  return state !== "connected" && lastError?.code === "AUTH_REQUIRED" ? needing?.get(name) : undefined;
}

/** Why a server is not there, the last line that its process wrote, and what can be done. */
export function adviceOf(status: ConnectionStatus, { needing, lastLines }: Known): string {
  const { name, kind, lastError } = status;
  const help = helpFor(status, needing);
  if (help !== undefined) return help;
  // What is to be mended is shown whole.
  if (kind === "misconfigured" && lastError) return lastError.message.replace(/^.*?not valid: /s, "");
  const { advice } = explain(status, Date.now());
  const line = lastLines?.get(name);
  const said = line ? `, saying ${JSON.stringify(line)}` : "";
  // No session follows a command.
  const words = advice
    .slice(name.length + 1)
    .replace(/((; | — )its next session or call tries again)?\.$/, "");
  return inWords(words.replace(/^failed \((.*)\): /s, (_, cause: string) => `${cause}${said}: `));
}
