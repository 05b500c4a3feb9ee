import { basename } from "node:path";
import { isRemote, type ServerConfig } from "../config/server.js";
import { type ConfiguredServer, LENT, type Lent } from "./configured-server.js";
import { Misconfigured } from "./misconfigured.js";

/**
 * Words in the names of servers that keep the state of one window: a page, an open file, a shell with its folder. Two hosts that shared
 * one would move each other's.
 */
export const WINDOW_WORDS = [
  "browser",
  "browserbase",
  "browsermcp",
  "chrome",
  "chrome-devtools",
  "cursor",
  "desktop-commander",
  "editor",
  "emacs",
  "firefox",
  "ide",
  "jetbrains",
  "neovim",
  "nvim",
  "playwright",
  "puppeteer",
  "repl",
  "selenium",
  "shell",
  "ssh",
  "stagehand",
  "terminal",
  "tmux",
  "vim",
  "vscode",
] as const;

const KNOWN = new RegExp(`(?:^|[^a-z])(?:${WINDOW_WORDS.join("|")})(?:$|[^a-z])`, "i");

/** Whether each client of a shared daemon has this server for itself. */
export function isIsolated(name: string, config: ServerConfig | Misconfigured): boolean {
  if (config instanceof Misconfigured) return false;
  if (config.isolate !== undefined) return config.isolate;
  if (isRemote(config)) return false;
  return [name, ...wordsOf(config)].some((word) => KNOWN.test(word));
}

/** What names the program: the command, and the first argument that is a package or a script. */
function wordsOf({ command, args = [] }: { command: string; args?: string[] | undefined }): string[] {
  const first = args.find((arg) => !arg.startsWith("-"));
  return [
    basename(command),
    ...(first === undefined ? [] : [first.startsWith("@") ? first : basename(first)]),
  ];
}

/** The server of another config transport that stands in for one of this name, if it may be shared. */
export function lentServer(
  { [LENT]: lent }: Lent,
  name: string,
  config: ServerConfig | Misconfigured,
): ConfiguredServer | undefined {
  if (typeof lent !== "function" || isIsolated(name, config)) return undefined;
  for (const server of lent()) if (server.name === name) return { ...server, lent: true };
  return undefined;
}
