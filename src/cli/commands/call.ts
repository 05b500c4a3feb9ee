import { visibleJson } from "../../internal.js";
import { toolArguments } from "../terminal/arguments.js";
import { RAW, showBlock } from "../terminal/content.js";
import { Refused, UsageError } from "../terminal/exit.js";
import { print, say } from "../terminal/print.js";
import { onTarget } from "./run.js";
import { type TargetOptions, targetCommand } from "./target.js";

interface CallOptions extends TargetOptions {
  json?: string;
  raw?: boolean;
}

export const callCommand = targetCommand("call", " <tool> [key=value ...]")
  .option("--json <object>", "the arguments as JSON; key=value pairs win")
  .option(...RAW)
  .action((args: string[], options: CallOptions) =>
    onTarget(args, options, async ({ session, rest: [name, ...given] }) => {
      if (name === undefined) throw new UsageError("expected the name of a tool");
      const { tools } = await session.listTools();
      const tool = tools.find((known) => known.name === name);
      if (!tool)
        throw new UsageError(
          `there is no tool ${JSON.stringify(name)}; ${tools.length > 0 ? `there are: ${tools.map((t) => t.name).join(", ")}` : "the server offers none"}`,
        );
      const result = await session.callTool({ name, arguments: toolArguments(tool, given, options.json) });
      const text = options.raw ? visibleJson(result) : result.content.map(showBlock).join("\n");
      if (!result.isError) return print(text);
      say(text);
      throw new Refused(`${name} failed`);
    }),
  );
