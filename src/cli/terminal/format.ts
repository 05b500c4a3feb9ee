import type { ConnectionEvent, ConnectionStatus } from "../../index.js";
import { visibleLine } from "../../internal.js";

type Transition = Extract<ConnectionEvent, { type: "transition" }>;

/** One line for a transition: the new state, its cause, the time until the next attempt, and the error. */
export function describeTransition({ to, cause, attempt, delayMs, error }: Transition): string {
  const why = error && (to === "connecting.waiting" || to === "disconnecting") ? `: ${error.message}` : "";
  const next = delayMs === undefined ? "" : `, next try in ${(delayMs / 1000).toFixed(1)} s`;
  const which = to === "connecting.opening" && attempt > 1 ? `, attempt ${attempt}` : "";
  return `${to} (${cause}${which}${next})${why}`;
}

/** The server's name and version, the protocol, and the process id. */
export function describeServer({ server, era, protocolVersion, pid }: ConnectionStatus): string {
  const who = server ? visibleLine(`${server.name} ${server.version}`) : "an anonymous server";
  return [who, era && `${era} ${protocolVersion ?? ""}`.trim(), pid !== undefined && `pid ${pid}`]
    .filter(Boolean)
    .join(" · ");
}

/** Rows as a table with aligned columns. */
export function table(texts: readonly (readonly string[])[]): string {
  const rows = texts.map((row) => row.map(visibleLine));
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ");
  return rows.map((row) => line(row).trimEnd()).join("\n");
}

/** The first line of a description, cut to `width` characters. */
export function firstLine(text: string | undefined, width = 90): string {
  const line = text?.trim().split("\n")[0] ?? "";
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
}
