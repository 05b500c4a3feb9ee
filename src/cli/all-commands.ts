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
import { demoCommand } from "./demo/demo.js";

/** Every command, in the order in which the help shows them. */
export const COMMANDS = [
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
