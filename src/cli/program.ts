import { Command, CommanderError } from "commander";
import { messageOf } from "../errors.js";
import { VERSION } from "../version.js";
import { callCommand } from "./call.js";
import { chartCommand } from "./chart.js";
import { checkCommand } from "./check.js";
import { demoCommand } from "./demo.js";
import { exitCodeOf, Interrupted, Refused } from "./exit.js";
import { inspectCommand } from "./inspect.js";
import { promptsCommand, resourcesCommand, toolsCommand } from "./lists.js";
import { loginCommandLine } from "./login.js";
import { logoutCommandLine } from "./logout.js";
import { promptCommand, readCommand } from "./read.js";
import { statusCommand } from "./status.js";
import { splitCommand } from "./target.js";

const COMMANDS = [
  statusCommand,
  toolsCommand,
  callCommand,
  resourcesCommand,
  readCommand,
  promptsCommand,
  promptCommand,
  loginCommandLine,
  logoutCommandLine,
  checkCommand,
  inspectCommand,
  chartCommand,
  demoCommand,
];

/** Runs one command line and says how it ended. Results go to stdout, everything else to stderr. */
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
    if (!isPrinted(error)) console.error(`holdfast: ${messageOf(error)}`);
    return code;
  }
}

/** Commander has printed its own complaints, and a refusal was the tool's text. */
const isPrinted = (error: unknown) =>
  error instanceof Refused || error instanceof Interrupted || error instanceof CommanderError;
