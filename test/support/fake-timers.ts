import { afterEach, beforeEach, onTestFinished, vi } from "vitest";
import { isPending } from "./settling.js";

const FAKED = { toFake: ["setTimeout", "clearTimeout", "performance"] } as const;

/** For each test of a file: time passes where the test says, and a wait before an attempt is as long as it may be. */
export function withFakeTimers() {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: [...FAKED.toFake] });
    vi.spyOn(Math, "random").mockReturnValue(0.999_999);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
}

/** Stops the wall clock too, for what expires by it. */
export function stopClock(): Pass {
  vi.useFakeTimers({ toFake: [...FAKED.toFake, "Date"] });
  onTestFinished(() => void vi.useRealTimers());
  return passing();
}

/**
 * From here to the end of the test no deadline comes by itself, however slow the machine is: time passes where the test
 * says. Sockets and processes work as ever. Make the transports first: they are closed after this ends.
 */
export function stopTime(): Pass {
  vi.useFakeTimers({ toFake: [...FAKED.toFake] });
  onTestFinished(() => void vi.useRealTimers());
  return passing();
}

function passing(): Pass {
  const pass = async (ms: number) => void (await vi.advanceTimersByTimeAsync(ms));
  const through = async <T>(work: Promise<T>): Promise<T> => {
    while (await isPending(work)) await pass(20);
    return work;
  };
  return Object.assign(pass, { now: (ms: number) => void vi.advanceTimersByTime(ms), through });
}

export interface Pass {
  /** Lets time pass, and all happen that follows from it. */
  (ms: number): Promise<void>;
  /** Lets it pass before anything else happens. */
  now(ms: number): void;
  /** Lets it pass for as long as this takes. */
  through<T>(work: Promise<T>): Promise<T>;
}
