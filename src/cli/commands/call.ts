import { toolArguments } from "../terminal/arguments.js";
import { showBlock } from "../terminal/content.js";
import { Refused, UsageError } from "../terminal/exit.js";
import { onTarget } from "./run.js";
import { type TargetOptions, targetCommand } from "./target.js";

interface CallOptions extends TargetOptions {
  json?: string;
  raw?: boolean;
}

export const callCommand = targetCommand("call", "call a tool", " <tool> [key=value ...]")
  .option("--json <object>", "the arguments as JSON; key=value pairs win")
  .option("--raw", "print the whole result as JSON")
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
      const text = options.raw ? JSON.stringify(result, null, 2) : result.content.map(showBlock).join("\n");
      if (!result.isError) return console.log(text);
      console.error(text);
      throw new Refused(`${name} failed`);
    }),
  );
