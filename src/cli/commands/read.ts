import type { Prompt } from "@modelcontextprotocol/client";
import type { Session } from "../../index.js";
import { ARGUMENTS_HELP, type Given, readArguments } from "../terminal/arguments.js";
import { showPrompt, showResource } from "../terminal/content.js";
import { UsageError } from "../terminal/exit.js";
import { didYouMean, sentences } from "../terminal/nearest.js";
import { print, printJson } from "../terminal/print.js";
import { onTarget } from "./run.js";
import { type TargetOptions, targetCommand } from "./target-options.js";

type ReadOptions = TargetOptions & { json?: boolean };

const JSON_OPTION = ["--json", "print the whole result as JSON"] as const;

export const readCommand = targetCommand("read", " <uri>")
  .option(...JSON_OPTION)
  .action((args: string[], options: ReadOptions) =>
    onTarget(args, options, async ({ session, rest: [uri] }) => {
      if (uri === undefined) throw new UsageError("expected the URI of a resource");
      const result = await session.readResource({ uri });
      if (options.json) printJson(result);
      else print(result.contents.map(showResource).join("\n"));
    }),
  );

export const promptCommand = targetCommand("prompt", " <name> [key=value ...]")
  .option(...JSON_OPTION)
  .addHelpText("after", ARGUMENTS_HELP)
  .action((args: string[], options: ReadOptions) =>
    onTarget(args, options, async ({ session, rest: [name, ...given] }) => {
      if (name === undefined) throw new UsageError("expected the name of a prompt");
      const read = await readArguments(given);
      const prompt = await promptOf(session, name);
      const result = await session.getPrompt({ name, arguments: promptArguments(prompt, read) });
      if (options.json) printJson(result);
      else print(showPrompt(result));
    }),
  );

/** @throws UsageError where the server has no such prompt */
async function promptOf(session: Session, name: string): Promise<Prompt> {
  const { prompts } = await session.listPrompts();
  const prompt = prompts.find((known) => known.name === name);
  if (prompt) return prompt;
  const names = prompts.map((known) => known.name);
  const all = names.length > 0 ? `there are: ${names.join(", ")}` : "the server offers none";
  throw new UsageError(`there is no prompt ${JSON.stringify(name)}${didYouMean(name, names) || ";"} ${all}`);
}

/** Prompts take texts. @throws UsageError for what the prompt does not take, and for what it misses */
function promptArguments({ name, arguments: known = [] }: Prompt, given: Given[]): Record<string, string> {
  const names = known.map((one) => one.name);
  const problems: string[] = [];
  const args: Record<string, string> = {};
  for (const one of given) {
    if (!names.includes(one.key))
      problems.push(`there is no argument ${JSON.stringify(one.key)}${didYouMean(one.key, names)}`);
    const value = "text" in one ? one.text : one.value;
    args[one.key] = typeof value === "string" ? value : JSON.stringify(value);
  }
  for (const { name: key, required } of known)
    if (required && !Object.hasOwn(args, key)) problems.push(`${key} is missing`);
  if (problems.length > 0) throw new UsageError(`${name}: ${sentences(problems)}`);
  return args;
}
