import { Command, CommanderError } from "commander";
import { messageOf, VERSION } from "../internal.js";
import { callCommand } from "./commands/call.js";
import { chartCommand } from "./commands/chart.js";
import { checkCommand } from "./commands/check.js";
import { inspectCommand } from "./commands/inspect.js";
import { promptsCommand, resourcesCommand, toolsCommand } from "./commands/lists.js";
import { lockCommand } from "./commands/lock.js";
import { loginCommandLine } from "./commands/login.js";
import { logoutCommandLine } from "./commands/logout.js";
import { promptCommand, readCommand } from "./commands/read.js";
import { serveCommand } from "./commands/serve.js";
import { statusCommand } from "./commands/status.js";
import { splitCommand } from "./commands/target.js";
import { demoCommand } from "./demo/demo.js";
import { exitCodeOf, Interrupted, Refused } from "./terminal/exit.js";
import { say } from "./terminal/print.js";

const COMMANDS = [
  statusCommand,
  toolsCommand,
  callCommand,
  resourcesCommand,
  readCommand,
  promptsCommand,
  promptCommand,
  lockCommand,
  loginCommandLine,
  logoutCommandLine,
  checkCommand,
  serveCommand,
  inspectCommand,
  chartCommand,
  demoCommand,
];

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
