import { Command, CommanderError } from "commander";
import { messageOf, VERSION } from "../internal.js";
import { COMMANDS } from "./all-commands.js";
import { splitCommand } from "./commands/target.js";
import { exitCodeOf, Interrupted, Refused } from "./terminal/exit.js";
import { say } from "./terminal/print.js";

/** Runs one command line, and returns its exit code. Results go to stdout, everything else to stderr. */
export async function run(argv: readonly string[]): Promise<number> {
  const program = new Command("holdfast")
    .description("MCP connections that hold")
    .version(VERSION)
    .showHelpAfterError("(add --help for the usage)");
  for (const command of COMMANDS) program.addCommand(command.exitOverride());
  program.exitOverride();
  try {
    await program.parseAsync(splitCommand(argv), { from: "user" });
    return 0;
  } catch (error) {
    const code = exitCodeOf(error);
    if (!isPrinted(error)) say(`holdfast: ${messageOf(error)}`);
    return code;
  }
}

/** Whether the error has been printed already: by commander, or by the command itself. */
const isPrinted = (error: unknown) =>
  error instanceof Refused || error instanceof Interrupted || error instanceof CommanderError;
