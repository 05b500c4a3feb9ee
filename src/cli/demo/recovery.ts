import { type ClientTransport, type ConnectionEvent, isHoldfastError, type Session } from "../../index.js";
import { describeServer, describeTransition, table } from "../terminal/format.js";
import { print } from "../terminal/print.js";
import type { EverythingServer } from "./servers.js";

/** What happened to one server in the demo. */
export interface Score {
  transport: ClientTransport;
  answered: number;
  resent: number;
  unknown: number;
  lostAt: number | undefined;
  recoveredAfterMs: number | undefined;
}

const startedAt = performance.now();
const say = (who: string, text: string) =>
  print(`${((performance.now() - startedAt) / 1000).toFixed(2).padStart(6)} s  ${who.padEnd(6)}  ${text}`);

/** Prints the transitions and losses of a transport as they happen, and counts them. */
export function watch(transport: ClientTransport): Score {
  const score: Score = {
    transport,
    answered: 0,
    resent: 0,
    unknown: 0,
    lostAt: undefined,
    recoveredAfterMs: undefined,
  };
  transport.subscribe((_status, event) => {
    note(score, event);
    if (event.type === "transition") say(transport.name, describeTransition(event));
    if (event.type === "request.resent")
      say(transport.name, `  ${event.name ?? event.method} was lost (${event.outcome}): sent again`);
    if (event.type === "request.lost")
      say(transport.name, `  ${event.name ?? event.method} was lost: reported as outcome: ${event.outcome}`);
  });
  return score;
}

function note(score: Score, event: ConnectionEvent): void {
  if (event.type === "request.resent") score.resent++;
  if (event.type === "request.lost") score.unknown++;
  if (event.type !== "transition") return;
  if (event.to === "connecting.waiting") score.lostAt ??= event.at;
  if (event.to === "connected.steady" && score.lostAt !== undefined)
    score.recoveredAfterMs ??= event.at - score.lostAt;
}

/** Waits for a call. Losing it is no error, but part of the demo. */
export async function attempt(score: Score, work: Promise<unknown>): Promise<void> {
  try {
    await work;
    score.answered++;
  } catch (error) {
    if (!isHoldfastError(error, "CONNECTION_LOST")) throw error;
  }
}

export const echo = (session: Session, message: string) =>
  session.callTool({ name: "echo", arguments: { message } });

export async function greet(score: Score, session: Session): Promise<void> {
  const { tools } = await session.listTools();
  await attempt(score, echo(session, "hello"));
  say(
    score.transport.name,
    `  ${describeServer(score.transport.status)}: ${tools.length} tools, echo answered`,
  );
}

export async function killStdio(score: Score, session: Session): Promise<void> {
  const { pid } = score.transport.status;
  print(
    `\nA list, a tool that says that it only reads, and one that flips a switch are on their way when the stdio server (pid ${pid}) gets SIGKILL:`,
  );
  // The server is stopped first, so that all calls are written and none is answered.
  process.kill(pid!, "SIGSTOP");
  const calls = [
    session.listTools(),
    echo(session, "once more, then"),
    session.callTool({ name: "toggle-simulated-logging" }),
  ];
  await new Promise(setImmediate);
  process.kill(pid!, "SIGKILL");
  await Promise.all(calls.map((call) => attempt(score, call)));
  await attempt(score, echo(session, "hello again"));
  say("stdio", "  echo answered on the same session, by a new process");
}

export async function restartHttp(score: Score, session: Session, http: EverythingServer): Promise<void> {
  print(
    "\nA long tool call that its caller wants sent once and a list are running when the HTTP server is killed; it comes back a second later:",
  );
  const long = session.callTool(
    { name: "trigger-long-running-operation", arguments: { duration: 20, steps: 20 } },
    { onprogress: () => running(), replay: "never" },
  );
  let running = () => {};
  const started = new Promise<void>((resolve) => {
    running = resolve;
  });
  const settled = attempt(score, long);
  await Promise.race([started, settled]);
  // The server is stopped first, so that the request is written and not answered.
  http.freeze();
  const list = attempt(score, session.listTools());
  await new Promise(setImmediate);
  await http.stop();
  await settled;
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await http.start();
  say("http", "  the server is up again, and knows no session");
  score.transport.retryNow();
  await list;
  await attempt(score, echo(session, "hello again"));
  say("http", "  echo answered on the same session, by a new server session");
}

export function report(scores: readonly Score[]): void {
  const rows = scores.map(({ transport: { name, status }, answered, resent, unknown, recoveredAfterMs }) => [
    name,
    status.state,
    String(status.epoch),
    String(answered),
    String(resent),
    String(unknown),
    recoveredAfterMs === undefined ? "never lost" : `${(recoveredAfterMs / 1000).toFixed(2)} s`,
  ]);
  print(
    `\n${table([["server", "state", "attempts", "answered", "sent again", "outcome unknown", "recovered after"], ...rows])}`,
  );
  print("\nNo call was done twice: what may have been done was reported, not repeated.");
}
