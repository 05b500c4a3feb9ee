import type { ClientTransport, Session, SessionOptions } from "../../index.js";
import { elicitOnTerminal } from "../terminal/ask.js";
import { EXIT } from "../terminal/exit.js";
import { describeTransition } from "../terminal/format.js";
import { say } from "../terminal/print.js";
import type { Needing } from "./sign-in.js";
import { agreedTarget, type TargetOptions } from "./target.js";

/** What the work of a command gets. */
export interface Task {
  session: Session;
  transport: ClientTransport;
  /** The arguments after the target. */
  rest: string[];
  /** The servers that need a person to sign in. */
  needing: Needing;
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
  transport.subscribe((_status, event) => {
    const server = event.type === "server" ? event : undefined;
    if (server?.event.type === "transition" && (options.verbose || server.event.to === "connecting.waiting"))
      say(`${server.server}: ${describeTransition(server.event)}`);
    if (event.type !== "transition") return;
    // A lost connection is always shown, other transitions only with --verbose.
    if (options.verbose || event.to === "connecting.waiting")
      say(`${transport.name}: ${describeTransition(event)}`);
  });
  try {
    const session = await transport.connectSession(sessionOptions(options)).catch((error) => {
      failed?.(error, { transport, rest, needing });
      throw error;
    });
    if (!showsServers && transport.status.kind === "config")
      for (const [name, command] of needing) say(`${name}: needs sign-in. Run: ${command}`);
    await work({ session, transport, rest, needing });
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
  const onSignal = () => {
    if (stopping) process.exit(EXIT.interrupted);
    stopping = true;
    void Promise.allSettled(transports.map((transport) => transport.close())).then(() =>
      process.exit(EXIT.interrupted),
    );
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  return () => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(signal, onSignal);
  };
}
