import type { ConnectionEvent, ConnectionStatus } from "../../index.js";
import { visibleLine } from "../../internal.js";
import { cut, tableOf } from "./table.js";

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

/** Rows as a text with aligned columns, however wide. */
export const table = (rows: readonly (readonly string[])[]): string => tableOf(rows, {});

/** The first line of a description, cut to so many columns. */
export const firstLine = (text: string | undefined, width = Number.POSITIVE_INFINITY): string =>
  cut(text?.trim().split("\n")[0] ?? "", width);

/** A text of several lines, each of them indented. */
export const indented = (text = ""): string => text.trim().replace(/^(?=.)/gm, "  ");
