import { pairs } from "../terminal/arguments.js";
import { RAW, showPrompt, showResource } from "../terminal/content.js";
import { UsageError } from "../terminal/exit.js";
import { print, printJson } from "../terminal/print.js";
import { onTarget } from "./run.js";
import { type TargetOptions, targetCommand } from "./target.js";

type ReadOptions = TargetOptions & { raw?: boolean };

export const readCommand = targetCommand("read", " <uri>")
  .option(...RAW)
  .action((args: string[], options: ReadOptions) =>
    onTarget(args, options, async ({ session, rest: [uri] }) => {
      if (uri === undefined) throw new UsageError("expected the URI of a resource");
      const result = await session.readResource({ uri });
      if (options.raw) printJson(result);
      else print(result.contents.map(showResource).join("\n"));
    }),
  );

export const promptCommand = targetCommand("prompt", " <name> [key=value ...]")
  .option(...RAW)
  .action((args: string[], options: ReadOptions) =>
    onTarget(args, options, async ({ session, rest: [name, ...given] }) => {
      if (name === undefined) throw new UsageError("expected the name of a prompt");
      const result = await session.getPrompt({ name, arguments: pairs(given) });
      if (options.raw) printJson(result);
      else print(showPrompt(result));
    }),
  );
