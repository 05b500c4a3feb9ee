/** What a shim and a daemon agree on before the first message. Another number: they cannot speak to each other. */
export const PROTOCOL = 1;

/** What runs has so long to be answered where a daemon ends. */
export const DRAIN_MS = 10_000;

/** The first line of whoever connects. */
export interface Hello {
  protocol: number;
  /** Of holdfast. */
  version: string;
  /** What is wanted. `session`: what follows is MCP. `move`: a newer holdfast takes over. */
  ask: "session" | "status" | "stop" | "move";
  /** The process that asks. */
  pid: number;
  /** The hash of the config as it was read just now. */
  config?: string;
}

/** The first line of the daemon's answer. */
export interface Welcome {
  protocol: number;
  version: string;
  pid: number;
  /** The name of what is served, for errors. */
  name: string;
  /** Why it serves not. */
  refused?: string;
  /** The answer to `status`. */
  status?: unknown;
}

/**
 * A line of the daemon between messages: whatever is answered, the shim is to let go. `move`: and to come back at once, another
 * daemon takes over. `rest`: and to come back with its client's next message.
 */
export interface Leave {
  leave: "move" | "rest";
}

/** What a daemon says on stdout, once. */
export interface Ready {
  /** Why it does not stand. */
  failed?: string;
  /** Another one stands already. */
  taken?: true;
}

/** No message of MCP has this member at its top. */
const MEMBER = "holdfast";

export const lineOf = (value: Hello | Welcome | Leave | Ready): string =>
  `${JSON.stringify({ [MEMBER]: value })}\n`;

/** What one of our own lines says; undefined: it is a message, or nothing that we know. */
export function ownLine<T extends object>(text: string): Partial<T> | undefined {
  if (!text.startsWith(`{"${MEMBER}":`)) return undefined;
  try {
    const { [MEMBER]: value } = JSON.parse(text) as Record<string, unknown>;
    return typeof value === "object" && value !== null ? (value as Partial<T>) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether version `a` is newer than `b`. What is no number counts as 0. */
export function isNewer(a: string, b: string): boolean {
  const parts = (version: string) => version.split(/[.+-]/, 3).map((part) => Number(part) || 0);
  const [ours, theirs] = [parts(a), parts(b)];
  const at = [0, 1, 2].find((i) => (ours[i] ?? 0) !== (theirs[i] ?? 0));
  return at !== undefined && (ours[at] ?? 0) > (theirs[at] ?? 0);
}
