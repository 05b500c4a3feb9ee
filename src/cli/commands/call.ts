import type { CallToolResult, Tool } from "@modelcontextprotocol/client";
import { ARGUMENTS_HELP, readArguments } from "../terminal/arguments.js";
import { showBlock } from "../terminal/content.js";
import { Refused, UsageError } from "../terminal/exit.js";
import { didYouMean } from "../terminal/nearest.js";
import { print, printJson, say } from "../terminal/print.js";
import { toolArguments } from "../terminal/tool-arguments.js";
import { onTarget, type Task } from "./run.js";
import { type TargetOptions, targetCommand } from "./target-options.js";

interface CallOptions extends TargetOptions {
  args?: string;
  json?: boolean;
}

/** More names than a person looks through. */
const MAX_NAMES = 40;

export const callCommand = targetCommand("call", " <tool> [key=value ...]")
  .option("--args <object>", "the arguments as JSON; what is given besides wins")
  .option("--json", "print the whole result as JSON")
  .addHelpText("after", ARGUMENTS_HELP)
  .action((args: string[], options: CallOptions) =>
    onTarget(args, options, async ({ session, rest: [name, ...given] }) => {
      if (name === undefined) throw new UsageError("expected the name of a tool");
      const read = await readArguments(given, options.args);
      const tool = await toolOf(session, name);
      const result = await session.callTool({ name, arguments: toolArguments(tool, read) });
      show(name, result, options);
    }),
  );

/** @throws UsageError where the server has no such tool */
async function toolOf(session: Task["session"], name: string): Promise<Tool> {
  const { tools } = await session.listTools();
  const tool = tools.find((known) => known.name === name);
  if (tool) return tool;
  const names = tools.map((known) => known.name);
  const some = names.length > MAX_NAMES ? [...names.slice(0, MAX_NAMES), "…"] : names;
  const all = some.length > 0 ? `there are: ${some.join(", ")}` : "the server offers none";
  throw new UsageError(`there is no tool ${JSON.stringify(name)}${didYouMean(name, names) || ";"} ${all}`);
}

function show(name: string, result: CallToolResult, { json }: CallOptions): void {
  if (json) printJson(result);
  const text = result.content.map(showBlock).join("\n");
  if (!result.isError) {
    if (!json) print(text);
    return;
  }
  if (!json) say(text);
  throw new Refused(`${name} failed`);
}
