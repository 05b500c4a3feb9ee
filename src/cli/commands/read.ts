import { pairs } from "../terminal/arguments.js";
import { showPrompt, showResource } from "../terminal/content.js";
import { UsageError } from "../terminal/exit.js";
import { onTarget } from "./run.js";
import { type TargetOptions, targetCommand } from "./target.js";

export const readCommand = targetCommand("read", "print a resource", " <uri>").action(
  (args: string[], options: TargetOptions) =>
    onTarget(args, options, async ({ session, rest: [uri] }) => {
      if (uri === undefined) throw new UsageError("expected the URI of a resource");
      const { contents } = await session.readResource({ uri });
      console.log(contents.map(showResource).join("\n"));
    }),
);

export const promptCommand = targetCommand("prompt", "print a prompt", " <name> [key=value ...]").action(
  (args: string[], options: TargetOptions) =>
    onTarget(args, options, async ({ session, rest: [name, ...given] }) => {
      if (name === undefined) throw new UsageError("expected the name of a prompt");
      console.log(showPrompt(await session.getPrompt({ name, arguments: pairs(given) })));
    }),
);
