import type { McpSubscription } from "@modelcontextprotocol/client";
import { vi } from "vitest";
import { ListenStream } from "../../src/connection/listen-stream.js";
import type { Ready } from "../../src/session/ports.js";
import { readyWith } from "./fake-link.js";
import { epochClient } from "./fake-session.js";
import { ManualClock } from "./manual-clock.js";

/** A stream as a server opened it; `over` ends it. */
function opened(filter: object) {
  let over: (how: string) => void = () => {};
  const closed = new Promise((resolve) => {
    over = resolve;
  });
  return { honoredFilter: filter, close: vi.fn(async () => {}), closed, over };
}

export function modern(fail?: () => unknown) {
  const handles: ReturnType<typeof opened>[] = [];
  const listen = vi.fn(async (filter: object, _options?: object) => {
    const error = fail?.();
    if (error) throw error;
    handles.push(opened(filter));
    return handles.at(-1) as unknown as McpSubscription;
  });
  const ready = readyWith(epochClient({ listen }, "modern")) as Ready;
  return { listen, handles, ready };
}

export function streamOn(first: Ready | undefined) {
  const clock = new ManualClock();
  const heard: string[] = [];
  const now = { ready: first };
  const stream = new ListenStream(
    clock,
    (listening) => heard.push(listening),
    () => now.ready,
  );
  return { clock, heard, now, stream };
}

export const TOOLS = { toolsListChanged: true };
export const PROMPTS = { promptsListChanged: true };
export const always = (filter: object) => () => filter;
