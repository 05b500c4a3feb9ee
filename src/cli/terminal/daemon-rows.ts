import type { DaemonStatus, ServerStatus } from "../../daemon/status.js";
import type { Cell } from "./table.js";

const STYLES: Record<string, "dim" | "green" | "yellow"> = {
  known: "dim",
  closed: "dim",
  idle: "dim",
  starting: "yellow",
  ok: "green",
  ready: "green",
  degraded: "yellow",
  deaf: "yellow",
  "needs sign-in": "yellow",
};

/** A row for each daemon, and below it one for each of its servers. */
export const daemonRows = (daemons: readonly DaemonStatus[], now: number): Cell[][] =>
  rowsOf(daemons, now, [PID, MEMORY, ["restarts", ({ restarts }) => String(restarts)]]);

/** The statuses of daemons at one moment. */
export interface Sample {
  /** Epoch ms. */
  at: number;
  daemons: readonly DaemonStatus[];
}

/** The same with what has happened since another moment. */
export function liveRows({ at, daemons }: Sample, before?: Sample): Cell[][] {
  const then = new Map(before && linesOf(before.daemons, 0).map((line) => [line.id, line]));
  const perSecond = (line: Line, of: "cpuMs" | "calls") => {
    const [now, old] = [line[of], then.get(line.id)?.[of]];
    return before && now !== undefined && old !== undefined
      ? ((now - old) / (at - before.at)) * 1_000
      : undefined;
  };
  const cpu: Column = ["cpu", (line) => shown(perSecond(line, "cpuMs"), (ms) => `${Math.round(ms / 10)} %`)];
  const calls: Column = ["calls/s", (line) => shown(perSecond(line, "calls"), (count) => count.toFixed(1))];
  return rowsOf(daemons, at, [PID, cpu, MEMORY, calls]);
}

/** What a row is made of. */
interface Line extends Pick<ServerStatus, "name" | "health" | "pid" | "memory" | "cpuMs" | "restarts"> {
  /** Another one for another process. */
  id: string;
  calls?: number;
  says: string;
}

type Column = [heading: string, cell: (line: Line) => string];

const shown = <T>(value: T | undefined, text: (value: T) => string): string =>
  value === undefined ? "-" : text(value);

const PID: Column = ["pid", ({ pid }) => shown(pid, String)];
const MEMORY: Column = [
  "memory",
  ({ memory }) => shown(memory, (bytes) => `${Math.round(bytes / 1024 / 1024)} MB`),
];

function rowsOf(daemons: readonly DaemonStatus[], now: number, columns: readonly Column[]): Cell[][] {
  const heading = ["daemon", "health", ...columns.map(([text]) => text), ""];
  return [
    heading.map((text): Cell => ({ text, style: "bold" })),
    ...linesOf(daemons, now).map((line): Cell[] => [
      line.name,
      { text: line.health, style: STYLES[line.health] ?? "red" },
      ...columns.map(([, cell]) => cell(line)),
      line.says,
    ]),
  ];
}

const linesOf = (daemons: readonly DaemonStatus[], now: number): Line[] =>
  daemons.flatMap((daemon) => [
    daemonLine(daemon, now),
    ...daemon.servers.map((server) => serverLine(server, `${daemon.pid} ${server.name} ${server.pid}`)),
  ]);

function daemonLine(daemon: DaemonStatus, now: number): Line {
  const { clients, startedAt, servers, advice } = daemon;
  const people = `${clients.length} ${clients.length === 1 ? "client" : "clients"}`;
  const says = servers.length === 0 ? advice : `${people}, up ${lasted(now - startedAt)}`;
  const calls = servers.reduce((sum, server) => sum + server.calls, 0);
  return { ...daemon, id: String(daemon.pid), says, ...(servers.length > 0 && { calls }) };
}

function serverLine(server: ServerStatus, id: string): Line {
  const { name, health, advice, reason } = server;
  const words = advice.slice(name.length + 1).replace(/\.$/, "");
  const says = health === "ok" ? (reason ? `was lost: ${reason.replace(`${name}: `, "")}` : "") : words;
  return { ...server, id, name: `  ${name}`, says };
}

function lasted(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return `${Math.floor(ms / 1_000)} s`;
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
