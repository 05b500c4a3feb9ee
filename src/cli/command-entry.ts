import type { Command } from "commander";

/** A command as the help shows it; its module is loaded when it is run. */
export interface CommandEntry {
  description: string;
  /** Not in the help. */
  hidden?: boolean;
  load(): Promise<Command>;
}
