import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";

/** A message of a recording, as it is a line of the file. The other lines are inspection events. */
export interface RecordedMessage {
  type: "message";
  /** When it passed, epoch ms. */
  at: number;
  /** The id of the connection, as in inspection events. */
  id: string;
  /** The attempt that opened its wire. */
  epoch: number;
  /** `out`: to the server. */
  direction: "in" | "out";
  message: JSONRPCMessage;
}

/** The first line of every recording. */
export const FIRST_LINE = JSON.stringify({ type: "recording", version: 1 });

/** Written in the place of all that found no room. */
export const FULL = "recording.full";

/** A line that is read, with what every line has. */
export type Line = { at: number; id: string; type: string } & Record<string, unknown>;

/**
 * The lines of a recording after the first one. A last line that a dying program left half written counts as one that found no room.
 * @throws Error that says which line is wrong
 */
export function linesOf(text: string): Line[] {
  const lines = text
    .replace(/^\ufeff/, "")
    .split("\n")
    .filter((line) => line.trim() !== "");
  return lines.flatMap((line, i) => {
    const value = isHalf(text, lines, i) ? { at: 0, id: "", type: FULL } : parsed(line, i);
    if (i === 0) {
      if (value["type"] !== "recording" || value["version"] !== 1)
        throw new Error("it is not a recording of holdfast (its first line says so in one)");
      return [];
    }
    if (!isLine(value)) throw new Error(`line ${i + 1} is no event: at, id or type is missing`);
    return [value];
  });
}

/** Whether the last line was not written to its end. */
function isHalf(text: string, lines: readonly string[], i: number): boolean {
  if (i === 0 || i < lines.length - 1 || text.endsWith("\n")) return false;
  try {
    JSON.parse(lines[i]!);
    return false;
  } catch {
    return true;
  }
}

function parsed(line: string, i: number): Record<string, unknown> {
  try {
    return fieldsOf(JSON.parse(line));
  } catch {
    throw new Error(`line ${i + 1} is not JSON`);
  }
}

const isLine = (value: Record<string, unknown>): value is Line =>
  typeof value["at"] === "number" && typeof value["id"] === "string" && typeof value["type"] === "string";

/** Whether a line is a message that can be played. */
export function isMessageLine(line: Line): line is Line & RecordedMessage {
  const { type, epoch, direction, message } = line;
  return (
    type === "message" &&
    typeof epoch === "number" &&
    (direction === "in" || direction === "out") &&
    typeof message === "object" &&
    message !== null
  );
}
