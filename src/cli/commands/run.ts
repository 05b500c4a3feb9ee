import type { ClientTransport, Session, SessionOptions } from "../../index.js";
import { elicitOnTerminal } from "../terminal/ask.js";
import { EXIT } from "../terminal/exit.js";
import { say } from "../terminal/print.js";
import { onSignals } from "../terminal/signals.js";
import { lastLinesOf, sayMissing, showConnecting } from "./connecting.js";
import type { Needing } from "./sign-in.js";
import { agreedTarget } from "./target.js";
import type { TargetOptions } from "./target-options.js";

/** What the work of a command gets. */
export interface Task {
  session: Session;
  transport: ClientTransport;
  /** The arguments after the target. */
  rest: string[];
  /** The servers that need a person to sign in. */
  needing: Needing;
  /** The last line that each server of a config wrote to stderr. */
  lastLines: ReadonlyMap<string, string>;
}

interface Extra {
  /** Called when no session could be opened, before the error is thrown. */
  failed?: ((error: unknown, task: Omit<Task, "session">) => void) | undefined;
  /** The command itself shows the state of each server. */
  showsServers?: boolean;
}

/** Opens a session on the target, does the work, and closes everything, also on Ctrl-C. */
export async function onTarget(
  args: string[],
  options: TargetOptions,
  work: (task: Task) => Promise<void>,
  { failed, showsServers }: Extra = {},
): Promise<void> {
  const { transport, rest, needing } = await agreedTarget(args, options);
  const stop = stopOnSignals(transport);
  const known = { needing, lastLines: lastLinesOf(transport) };
  const reached = showConnecting(transport, options.verbose, known);
  try {
    const session = await transport
      .connectSession(sessionOptions(options))
      .finally(reached)
      .catch((error) => {
        failed?.(error, { transport, rest, ...known });
        throw error;
      });
    if (!showsServers) sayMissing(transport, known);
    await work({ session, transport, rest, ...known });
    await session.close();
  } finally {
    await transport.close();
    stop();
  }
}

function sessionOptions(options: TargetOptions): SessionOptions {
  const terminal = process.stdin.isTTY && process.stderr.isTTY;
  return {
    timeoutMs: options.timeout,
    onProgress: ({ progress, total, message }) =>
      say(`progress ${progress}${total === undefined ? "" : `/${total}`}${message ? ` ${message}` : ""}`),
    onLog: ({ level, data }) =>
      options.verbose && say(`[${level}] ${typeof data === "string" ? data : JSON.stringify(data)}`),
    ...(terminal && { elicitation: elicitOnTerminal }),
  };
}

/** Makes Ctrl-C close the transports before the program ends, so that no process is left. A second Ctrl-C does not wait. */
export function stopOnSignals(...transports: ClientTransport[]): () => void {
  let stopping = false;
  return onSignals(() => {
    if (stopping) process.exit(EXIT.interrupted);
    stopping = true;
    void Promise.allSettled(transports.map((transport) => transport.close())).then(() =>
      process.exit(EXIT.interrupted),
    );
  });
}
