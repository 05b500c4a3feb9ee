import { createHook } from "node:async_hooks";
import { readdirSync, readlinkSync } from "node:fs";
import { sep } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { descendants } from "./descendants.js";

/**
 * Ends each test file: no process, socket, pipe, timer or process listener that began in it may be left.
 * Handles that are unref'd count too, so they are read from the system and not from Node.
 */
const SOURCES = [`${sep}src${sep}`, `${sep}test${sep}`];
const timers = new Map<number, string>();
const hook = createHook({
  init(id, type) {
    if (type !== "Timeout") return;
    const stack = new Error("timer").stack ?? "";
    const frames = stack
      .split("\n")
      .filter((line) => !line.includes("node_modules") && !line.includes("nothing-left"));
    const ours = frames.find((line) => SOURCES.some((part) => line.includes(part)));
    if (ours) timers.set(id, ours.trim());
  },
  destroy: (id) => timers.delete(id),
});

function handles() {
  const kinds = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).replace(/:.*/, "");
    } catch {
      return "gone";
    }
  });
  const count = (kind: string) => kinds.filter((found) => found === kind).length;
  return { sockets: count("socket"), pipes: count("pipe") };
}

const listeners = () =>
  Object.fromEntries(process.eventNames().map((name) => [String(name), process.listenerCount(name)]));

let before: ReturnType<typeof picture>;
const picture = () => ({
  ...handles(),
  listeners: listeners(),
  processes: descendants(),
  timers: [...timers.values()],
});

beforeAll(() => {
  hook.enable();
  before = picture();
});

afterAll(async () => {
  // What was told to end may take a moment to be gone; what is still there after twenty seconds is a leak.
  for (let tries = 0; tries < 400 && !isClean(picture()); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const after = picture();
  hook.disable();
  expect({
    ...after,
    sockets: over(after.sockets, before.sockets),
    pipes: over(after.pipes, before.pipes),
  }).toEqual({
    ...before,
    sockets: 0,
    pipes: 0,
  });
});

const over = (now: number, then: number) => Math.max(0, now - then);
const isClean = (now: typeof before) =>
  now.sockets <= before.sockets &&
  now.pipes <= before.pipes &&
  now.processes.length <= before.processes.length &&
  now.timers.length <= before.timers.length;
