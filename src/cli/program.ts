import { Command, CommanderError } from "commander";
import { VERSION } from "../internal.js";
import { COMMANDS } from "./all-commands.js";
import { exitCodeOf, Interrupted, Refused } from "./terminal/exit.js";
import { splitCommand } from "./terminal/server-command.js";

/** Runs one command line, and returns its exit code. Results go to stdout, everything else to stderr. */
export async function run(argv: readonly string[]): Promise<number> {
  const own = splitCommand(argv);
  const program = new Command("holdfast")
    .description("MCP connections that hold")
    .version(VERSION)
    .showHelpAfterError("(add --help for the usage)");
  const wanted = own[0] === "help" ? own[1] : own[0];
  for (const [name, { description, hidden = false, load }] of Object.entries(COMMANDS)) {
    const command = name === wanted ? await load() : new Command(name);
    program.addCommand(command.description(description).exitOverride(), { hidden });
  }
  program.exitOverride();
  try {
    await program.parseAsync(own, { from: "user" });
    return 0;
  } catch (error) {
    const code = exitCodeOf(error);
    if (!isPrinted(error)) (await import("./terminal/words.js")).sayError(error);
    return code;
  }
}

/** Whether the error has been printed already: by commander, or by the command itself. */
const isPrinted = (error: unknown) =>
  error instanceof Refused || error instanceof Interrupted || error instanceof CommanderError;
