import { isHoldfastError } from "../../index.js";
import { CLIENT_NAMES, messageOf } from "../../internal.js";
import { isDeadline } from "./exit.js";
import { didYouMean } from "./nearest.js";
import { say } from "./print.js";

/** What the library advises its programs, and what that is on a command line. */
const WORDS: [RegExp, string][] = [
  // Whether it can be signed in to is said by what knows it.
  [/\b([Pp])ass auth, or an Authorization header/g, "$1ass --auth TOKEN"],
  [/sign in with `holdfast login`, or pass auth\b/g, "sign in with `holdfast login`, or pass --auth TOKEN"],
  [/; raise maxMessageBytes to accept it/g, ""],
  [/; pass proxy\b/g, ""],
  [/^option "headers": a (\w+) transport has no such option/, "--header is not for a target of the kind $1"],
  [/^option "(\w+)": a (\w+) transport has no such option/, "--$1 is not for a target of the kind $2"],
  [/^option "(auth|env|cwd|era|transport)": /, "--$1: "],
];

const TARGETS =
  "an http://, https://, ws:// or wss:// URL; a script (server.py, server.js); a config (mcp.json), or one server of it (mcp.json:demo); the name of a client (cursor, cursor:weather); or -- COMMAND ARGS";

/** Says on stderr why a command failed. */
export const sayError = (error: unknown): void => say(`holdfast: ${wordsOf(error)}`);

/** An error in the words of the command line. */
function wordsOf(error: unknown): string {
  const message = messageOf(error);
  if (isHoldfastError(error, "CANNOT_INFER")) return targets(message, error.given);
  if (isDeadline(error)) return deadline(message);
  if (isHoldfastError(error, "SERVER_UNKNOWN")) return unknownServer(message);
  return inWords(message);
}

/** A text of the library in the words of the command line. */
export const inWords = (text: string): string =>
  WORDS.reduce((words, [pattern, mine]) => words.replace(pattern, mine), text);

const unknownServer = (message: string): string =>
  message.replace(/ no server "(.*?)"; (it has: (.*))$/s, (_, name: string, rest: string, names: string) => {
    const near = didYouMean(name, names.split(", "));
    return ` no server ${JSON.stringify(name)}${near || ";"} ${rest}`;
  });

function targets(message: string, given: string): string {
  const [why] = message.split(" Accepted are: ");
  const name = given.replace(/^"|"$/g, "").split(":")[0] ?? "";
  return `${why}${didYouMean(name, CLIENT_NAMES).replace(/^; d/, " D")} Accepted are: ${TARGETS}`;
}

/** `demo: tools/call never was not answered within 1000 ms`, in seconds, and with the option that makes it longer. */
const deadline = (message: string): string =>
  message.replace(
    /(?:tools\/call )?([^ ]*|".*?") was not answered within (\d+) ms(.*)$/s,
    (_, what: string, ms: string, why: string) =>
      `${what} was not answered within ${Math.round(Number(ms) / 100) / 10} s${why}; --timeout gives it longer`,
  );
