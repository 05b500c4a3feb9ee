import type { DaemonStatus, ServerStatus } from "../../daemon/status.js";
import type { Cell } from "./table.js";

const STYLES: Record<string, "dim" | "green" | "yellow"> = {
  known: "dim",
  closed: "dim",
  starting: "yellow",
  ok: "green",
  ready: "green",
  degraded: "yellow",
  deaf: "yellow",
  "needs sign-in": "yellow",
};

/** A row for each daemon, and below it one for each of its servers. */
export function daemonRows(daemons: readonly DaemonStatus[], now: number): Cell[][] {
  const heading = ["daemon", "health", "pid", "memory", "restarts", ""];
  return [
    heading.map((text): Cell => ({ text, style: "bold" })),
    ...daemons.flatMap((daemon) => [daemonRow(daemon, now), ...daemon.servers.map(serverRow)]),
  ];
}

function daemonRow(daemon: DaemonStatus, now: number): Cell[] {
  const { name, health, pid, memory, restarts, clients, startedAt, servers, advice } = daemon;
  const people = `${clients.length} ${clients.length === 1 ? "client" : "clients"}`;
  const says = servers.length === 0 ? advice : `${people}, up ${lasted(now - startedAt)}`;
  return [name, healthCell(health), String(pid), bytes(memory), String(restarts), says];
}

function serverRow({ name, health, advice, pid, memory, restarts, reason }: ServerStatus): Cell[] {
  const words = advice.slice(name.length + 1).replace(/\.$/, "");
  const says = health === "ok" ? (reason ? `was lost: ${reason.replace(`${name}: `, "")}` : "") : words;
  return [
    `  ${name}`,
    healthCell(health),
    pid === undefined ? "-" : String(pid),
    bytes(memory),
    String(restarts),
    says,
  ];
}

const healthCell = (text: string): Cell => ({ text, style: STYLES[text] ?? "red" });

const bytes = (count: number | undefined): string =>
  count === undefined ? "-" : `${Math.round(count / 1024 / 1024)} MB`;

function lasted(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return `${Math.floor(ms / 1_000)} s`;
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
