import { writeFileSync } from "node:fs";
import { messageOf, VERSION, visible } from "../../internal.js";
import { UsageError } from "../terminal/exit.js";
import { print, say } from "../terminal/print.js";
import { typesOf } from "../terminal/tool-types.js";
import { onTarget } from "./run.js";
import { type TargetOptions, targetCommand } from "./target-options.js";

export const generateCommand = targetCommand("generate", "")
  .usage("types [options] (<target> | -- COMMAND ARGS)")
  .option("--out <file>", "where to write; default: stdout")
  .addHelpText("after", "\ntypes: the tools of a server for TypeScript, with a function that calls them.")
  .action(([what, ...args]: string[], options: TargetOptions & { out?: string }) => {
    if (what !== "types") throw new UsageError(`expected types, got ${JSON.stringify(what ?? "nothing")}`);
    return onTarget(args, options, async ({ session, transport }) => {
      const { tools } = await session.listTools();
      const text = typesOf(tools, { name: transport.name, version: VERSION });
      if (options.out === undefined) return print(text);
      try {
        writeFileSync(options.out, `${visible(text)}\n`);
      } catch (error) {
        throw new UsageError(`--out: ${messageOf(error)}`);
      }
      say(`wrote ${options.out}: ${tools.length} tools`);
    });
  });
