import type { SessionOptions } from "../session/options.js";
import type { Session } from "../session/types.js";
import type { ClientTransport } from "../transports/transport.js";
import { elicitOnTerminal } from "./ask.js";
import { EXIT } from "./exit.js";
import { type TargetOptions, targetOf } from "./target.js";
import { describeTransition } from "./words.js";

export interface Task {
  session: Session;
  transport: ClientTransport;
  /** The arguments after the target. */
  rest: string[];
}

/** Opens a session on the target, does the work, and leaves nothing behind, Ctrl-C included. */
export async function onTarget(
  args: string[],
  options: TargetOptions,
  work: (task: Task) => Promise<void>,
): Promise<void> {
  const { transport, rest } = targetOf(args, options);
  const stop = stopOnSignals(transport);
  transport.subscribe((_status, event) => {
    const server = event.type === "server" ? event : undefined;
    if (server?.event.type === "transition" && (options.verbose || server.event.to === "connecting.waiting"))
      console.error(`${server.server}: ${describeTransition(server.event)}`);
    if (event.type !== "transition") return;
    // What goes wrong is always shown; the usual only on request.
    if (options.verbose || event.to === "connecting.waiting")
      console.error(`${transport.name}: ${describeTransition(event)}`);
  });
  try {
    await transport.withSession((session) => work({ session, transport, rest }), sessionOptions(options));
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
      console.error(
        `progress ${progress}${total === undefined ? "" : `/${total}`}${message ? ` ${message}` : ""}`,
      ),
    onLog: ({ level, data }) =>
      options.verbose &&
      console.error(`[${level}] ${typeof data === "string" ? data : JSON.stringify(data)}`),
    ...(terminal && { elicitation: elicitOnTerminal }),
  };
}

/** Ctrl-C closes the transport first, so that no process is left; a second one does not wait. */
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
