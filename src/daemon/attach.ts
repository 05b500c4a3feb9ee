import { rm } from "node:fs/promises";
import { withFileLock } from "../base/file-lock/file-lock.js";
import { VERSION } from "../base/version.js";
import { pause } from "../base/wait.js";
import { systemClock } from "../machines/clock.js";
import { type Greeted, greet } from "./greet.js";
import { type Hello, isNewer, PROTOCOL } from "./hello.js";
import { whenEnded } from "./hung.js";
import { type Place, privateDirectory } from "./place.js";

/** How often those who wait for another one's start look whether it is done. */
const LOOK_MIN_MS = 20;
const LOOK_MAX_MS = 100;

export interface AttachOptions {
  place: Place;
  run: string;
  /** The hash of the config as it is now. */
  config: string;
  /** Starts a daemon. Settles when it stands, or another one does; rejects with why none does. */
  start(): Promise<void>;
  signal: AbortSignal;
}

/**
 * Connects to the daemon, and starts one where there is none. Of all who want to start one, one does, and the others use it.
 * @throws Error with why no daemon could be started, or why this one is not for us
 */
export async function attach(options: AttachOptions): Promise<Greeted> {
  const { place, run, config, signal } = options;
  await privateDirectory(run);
  const hello: Hello = { protocol: PROTOCOL, version: VERSION, ask: "session", pid: process.pid, config };
  const found = usable(await greet(place.socket, hello));
  return (
    found ??
    (await firstOf(
      signal,
      (over) => startUnderLock(options, hello, over),
      (over) => look(place, hello, over),
    ))
  );
}

/** A daemon of an older version hands over, where it can be spoken to. */
function usable(greeted: Greeted | undefined): Greeted | undefined {
  if (!greeted) return undefined;
  const { socket, welcome } = greeted;
  if (welcome.protocol !== PROTOCOL) {
    socket.destroy();
    throw new Error(
      `the daemon of process ${welcome.pid} is of holdfast ${welcome.version}, and this is ${VERSION}: they cannot speak to each other; end it with: holdfast stop`,
    );
  }
  if (isNewer(VERSION, welcome.version)) {
    socket.destroy();
    return undefined;
  }
  if (welcome.refused === undefined) return greeted;
  socket.destroy();
  throw new Error(welcome.refused);
}

async function startUnderLock(
  { place, start }: AttachOptions,
  hello: Hello,
  signal: AbortSignal,
): Promise<Greeted> {
  const lock = { called: "the run directory", option: "shared", signal };
  return withFileLock(
    place.lock,
    async () => {
      for (;;) {
        const there = await greet(place.socket, hello);
        const found = usable(there);
        if (found) return found;
        if (there) await handedOver(place, hello, signal);
        // A socket that nobody listens at. Only who holds the lock removes one, and only then a daemon is started.
        else if (process.platform !== "win32") await rm(place.socket, { force: true });
        await start();
      }
    },
    lock,
  );
}

/** Asks the older daemon to let its shims go, and waits until it has ended. */
async function handedOver(place: Place, hello: Hello, signal: AbortSignal): Promise<void> {
  const asked = await greet(place.socket, { ...hello, ask: "move" });
  if (asked) await whenEnded(asked, place.key, signal);
}

/** Waits until somebody else's daemon stands. */
async function look(place: Place, hello: Hello, signal: AbortSignal): Promise<Greeted> {
  for (;;) {
    await pause(systemClock, LOOK_MIN_MS + Math.random() * (LOOK_MAX_MS - LOOK_MIN_MS), signal);
    const there = await greet(place.socket, hello);
    const found = usable(there);
    if (!found) continue;
    if (!signal.aborted) return found;
    found.socket.destroy();
    throw signal.reason;
  }
}

/** What the first of two comes to; the other one is ended. */
async function firstOf(
  signal: AbortSignal,
  ...ways: ((signal: AbortSignal) => Promise<Greeted>)[]
): Promise<Greeted> {
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  const going = ways.map((way) => way(both));
  try {
    return await Promise.race(going);
  } finally {
    over.abort(new Error("another way was faster"));
    const first = await Promise.race(going).catch(() => undefined);
    for (const each of going)
      each.then(
        (late) => late !== first && late.socket.destroy(),
        () => {},
      );
  }
}
