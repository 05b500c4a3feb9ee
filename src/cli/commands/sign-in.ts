import { type FileStore, fileStore, type OAuthOptions } from "../../index.js";
import { quoted, shownUrl } from "../../internal.js";
import { say } from "../terminal/print.js";

/** The credential store of all commands. `HOLDFAST_STORE` names another directory. */
export function cliStore(): FileStore {
  const directory = process.env["HOLDFAST_STORE"];
  return fileStore({ ...(directory && { directory }), onWarning: (message) => say(message) });
}

/** For each server that needs a person, by name, the command that signs in. Filled while the servers are reached. */
export type Needing = Map<string, string>;

/** The sign-in options of all commands but `login`: no browser is opened, and the error names the command that opens one. */
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

/** The command `holdfast login …`, quoted for a shell. */
export function loginCommand(target: string, server?: string): string {
  const words = ["holdfast", "login", shown(target), ...(server === undefined ? [] : ["--server", server])];
  return words.map(quoted).join(" ");
}

/** The target without secrets: a URL with a user, a query or a key in its path is not repeated. */
function shown(target: string): string {
  // `cursor:weather` would be one, too.
  if (!/^(https?|wss?):/i.test(target) || !URL.canParse(target)) return target;
  const url = new URL(target);
  return url.href === shownUrl(url) ? target : "THE_SAME_URL";
}
