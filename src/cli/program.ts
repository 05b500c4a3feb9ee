import { Command, CommanderError } from "commander";
import { VERSION } from "../internal.js";
import { COMMANDS } from "./all-commands.js";
import { exitCodeOf, Interrupted, Refused } from "./terminal/exit.js";
import { splitCommand } from "./terminal/server-command.js";

/** Runs one command line, and returns its exit code. Results go to stdout, everything else to stderr. */
export async function run(argv: readonly string[]): Promise<number> {
  const own = splitCommand(argv);
  const program = inOurWords(new Command("holdfast"))
    .description("MCP connections that hold")
    .version(VERSION)
    .showHelpAfterError("(add --help for the usage)");
  const wanted = own[0] === "help" ? own[1] : own[0];
  for (const [name, { description, hidden = false, load }] of Object.entries(COMMANDS)) {
    const command = name === wanted ? await load() : new Command(name);
    program.addCommand(inOurWords(command.description(description)).exitOverride(), { hidden });
  }
  program.exitOverride();
  const output = watchOutput();
  try {
    await program.parseAsync(own, { from: "user" });
    await output.written();
    return 0;
  } catch (error) {
    const code = exitCodeOf(error);
    if (!isPrinted(error)) (await import("./terminal/words.js")).sayError(error);
    return code;
  } finally {
    output.close();
  }
}

/** Errors begin with the name of the program, as all others do. */
const inOurWords = (command: Command) =>
  command.configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "holdfast: ")) });

/** Watches whether stdout takes what is printed: console.log tells nobody. `written` throws where it did not. */
function watchOutput() {
  let failed: NodeJS.ErrnoException | undefined;
  const onError = (error: NodeJS.ErrnoException) => {
    failed ??= error;
  };
  process.stdout.on("error", onError);
  return {
    async written() {
      // Files and pipes are written to at once, and their errors told in the next turn.
      await new Promise(setImmediate);
      // Who closed the pipe has read enough: `holdfast tools … | head -1`.
      if (failed && failed.code !== "EPIPE") throw new Error(`the output was not written: ${failed.message}`);
    },
    close: () => process.stdout.off("error", onError),
  };
}

/** Whether the error has been printed already: by commander, or by the command itself. */
const isPrinted = (error: unknown) =>
  error instanceof Refused || error instanceof Interrupted || error instanceof CommanderError;
