import { stripVTControlCharacters } from "node:util";
import type { JSONRPCMessage, RequestId } from "@modelcontextprotocol/client";
import { asError } from "../base/errors.js";
import { idOfAnswer, isMessage, MAX_BATCH, parseMessages } from "./messages.js";

/** A terminal's title and the like; Node's own function leaves their text in. */
const ESC = "\u001b";
const TERMINAL_TITLE = new RegExp(`${ESC}\\][^\u0007${ESC}]*(?:\u0007|${ESC}\\\\)`, "g");

/** One part of what a server sent in one frame: a line, or the text of one event or socket message. */
export type Part =
  | { kind: "message"; message: JSONRPCMessage }
  /** An answer that names its request and cannot be read. */
  | { kind: "unreadable"; id: RequestId; why: string; text: string }
  /** An object that the frame does not end; of an answer the id, where it stands before the cut. */
  | { kind: "open"; id: RequestId | undefined; text: string }
  /** Banners, log lines, anything else that is not blank. */
  | { kind: "noise"; text: string };

/** Where an object may begin. Text that only holds a brace, such as a template, is no beginning. */
const OBJECT = /\{\s*(?:["}]|$)/g;
/** Requests that only servers get: a server that shows one in a log line quotes what it received. */
const FOR_SERVERS = /^(?:initialize$|(?:server|tools|resources|prompts|completion|logging|subscriptions)\/)/;

/**
 * Finds the messages in one frame, whatever stands around them: a byte order mark, terminal codes, a banner without a
 * newline, another message. An object is taken whole or not at all, so that what a server quotes inside a log entry or
 * a broken answer is never taken for its own word.
 */
export function readFrame(text: string): Part[] {
  const whole = parseMessages(text);
  if (whole) return whole.map((message) => ({ kind: "message", message }));
  const parts: Part[] = [];
  let rest = 0;
  OBJECT.lastIndex = 0;
  for (let found = OBJECT.exec(text); found && parts.length < MAX_BATCH; found = OBJECT.exec(text)) {
    const begin = found.index;
    const end = new ObjectScan().end(text, begin);
    const part = end === undefined ? openPart(text.slice(begin)) : partOf(text.slice(begin, end));
    if (part) {
      addNoise(parts, text.slice(rest, begin));
      parts.push(part);
      rest = end ?? text.length;
    }
    if (end === undefined) break;
    OBJECT.lastIndex = end;
  }
  addNoise(parts, text.slice(rest));
  return parts;
}

function partOf(text: string): Part | undefined {
  try {
    const message: unknown = JSON.parse(text);
    if (!isMessage(message) || ("method" in message && FOR_SERVERS.test(message.method))) return undefined;
    return { kind: "message", message };
  } catch (error) {
    const id = idOfAnswer(text);
    return id === undefined
      ? undefined
      : { kind: "unreadable", id, why: `is no JSON (${asError(error).message})`, text };
  }
}

const openPart = (text: string): Part => ({ kind: "open", id: idOfAnswer(text), text });

function addNoise(parts: Part[], text: string): void {
  const shown = stripVTControlCharacters(text.replace(TERMINAL_TITLE, "")).replaceAll("\u{feff}", "").trim();
  if (shown !== "") parts.push({ kind: "noise", text: shown });
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** Looks for the end of an object that begins with the first brace it is given, across as many pieces as it takes. */
export class ObjectScan {
  #depth = 0;
  #quoted = false;

  /** Where in `text` the object ends; undefined where it goes on behind it. */
  end(text: string, begin = 0): number | undefined {
    for (let at = begin; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (this.#quoted) {
        if (code === BACKSLASH) at++;
        else if (code === QUOTE) this.#quoted = false;
      } else if (code === QUOTE) this.#quoted = true;
      else if (code === OPEN) this.#depth++;
      else if (code === CLOSE && --this.#depth === 0) return at + 1;
    }
    return undefined;
  }
}
