import { Command, Option } from "commander";
import { removeUnusedWrapped } from "../../daemon/daemons.js";
import { type ConfigChange, quoted, unwrapChange, wrapChange } from "../../internal.js";
import { changeFiles } from "./change-files.js";
import { launcher } from "./launcher.js";

interface WrapCommandOptions {
  server?: string[];
  shared?: true;
  yes?: true;
}

const yesOption = () => new Option("--yes", "do not ask: for a script");
const serverOption = (what: string) => new Option("--server <names...>", `only these servers ${what}`);

export const wrapCommand = new Command("wrap")
  .argument("<config>", "a client's name (cursor), or a config file of any client")
  .addOption(serverOption("are put behind holdfast"))
  .option("--shared", "one process of each server for all hosts of this machine")
  .addOption(yesOption())
  .addHelpText(
    "after",
    "\nOnly the command of an entry changes; its variables, comments and secrets stay where they are. A remote server stays as it is.\n" +
      "What the file was is kept beside it. holdfast unwrap is the way back.",
  )
  .action((config: string, { server, shared, yes }: WrapCommandOptions) => {
    const change = (text: string, path: string): ConfigChange =>
      wrapChange(text, path, { launcher: launcher(), names: server, shared });
    return changeFiles(config, change, { yes, server, undo: `holdfast unwrap ${quoted(config)}` });
  });

export const unwrapCommand = new Command("unwrap")
  .argument("<config>", "a client's name (cursor), or a config file of any client")
  .addOption(serverOption("are taken from behind holdfast"))
  .addOption(yesOption())
  .addHelpText("after", "\nWhat was changed in the file since holdfast wrap stays.")
  .action(async (config: string, { server, yes }: WrapCommandOptions) => {
    const change = (text: string, path: string): ConfigChange => unwrapChange(text, path, server);
    await changeFiles(config, change, { yes, server });
    await removeUnusedWrapped();
  });
