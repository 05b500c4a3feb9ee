import type { Readable, Writable } from "node:stream";
import type { Greeted } from "./greet.js";

export interface ShimOptions {
  input: Readable;
  output: Writable;
  /** Connects to the daemon, and starts it if need be. */
  attach(signal: AbortSignal): Promise<Greeted>;
  /** What the config is called before a daemon has said it. */
  name: string;
  /** Says something to a person. */
  say(text: string): void;
}
