import type { OAuthOptions } from "../../auth/sign-in/options.js";
import { type FileStore, fileStore } from "../../auth/store/file.js";

/** What the command line has signed in to, shared with all its runs; `HOLDFAST_STORE` names another directory. */
export function cliStore(): FileStore {
  const directory = process.env["HOLDFAST_STORE"];
  return fileStore({ ...(directory && { directory }), onWarning: (message) => console.error(message) });
}

/** Servers that need a person, by their names, and the command that helps. Filled as they say so. */
export type Needing = Map<string, string>;

/** For every command but `login`: no browser is opened, and the command is told that would. */
export function unattended(needing: Needing, commandFor: (server: string) => string): OAuthOptions {
  return {
    store: cliStore(),
    unattended: (server) => {
      const command = commandFor(server);
      needing.set(server, command);
      return `Run: ${command}`;
    },
  };
}

/** `holdfast login …` as it can be pasted into a shell. */
export function loginCommand(target: string, server?: string): string {
  const words = ["holdfast", "login", shown(target), ...(server === undefined ? [] : ["--server", server])];
  return words.map(quoted).join(" ");
}

/** What stands in a URL's query may be secret. */
function shown(target: string): string {
  if (!URL.canParse(target)) return target;
  const { search, username } = new URL(target);
  return search || username ? "THE_SAME_URL" : target;
}

const quoted = (word: string) =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
