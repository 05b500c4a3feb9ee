import { Command } from "commander";
import { CLIENT_NAMES, clientFiles, clientOf, isConfigFile, serversIn } from "../../internal.js";
import { print } from "../terminal/print.js";
import { serverCommand } from "../terminal/server-command.js";

const BASH = `_holdfast() {
  local line="\${COMP_LINE:0:COMP_POINT}" words cur one
  read -ra words <<< "$line"
  case "$line" in *" ") words+=("") ;; esac
  cur="\${words[\${#words[@]}-1]}"
  COMPREPLY=()
  while IFS=$'\\t' read -r one _; do COMPREPLY+=("$one"); done < <(holdfast complete -- "\${words[@]:1}" 2> /dev/null)
  case "$COMP_WORDBREAKS" in
    # Bash takes what follows a colon for a word of its own.
    *:*) case "$cur" in *:*) COMPREPLY=("\${COMPREPLY[@]#"\${cur%"\${cur##*:}"}"}") ;; esac ;;
  esac
}
complete -o default -F _holdfast holdfast`;

const ZSH = `#compdef holdfast
_holdfast() {
  local -a found
  found=("\${(@f)$(holdfast complete -- "\${(@)words[2,CURRENT]}" 2> /dev/null)}")
  found=("\${(@)found%%$'\\t'*}")
  [[ -n "$found[1]" ]] && compadd -- "\${found[@]}"
  _files
}
compdef _holdfast holdfast`;

const FISH = `function __holdfast_complete
  set -l words (commandline -opc) (commandline -ct)
  holdfast complete -- $words[2..-1] 2> /dev/null
end
complete -c holdfast -a '(__holdfast_complete)'`;

const SHELLS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

export const completionCommand = new Command("completion")
  .argument("<shell>", "bash, zsh or fish")
  .addHelpText(
    "after",
    '\nbash, zsh: eval "$(holdfast completion bash)" in your profile. fish: holdfast completion fish > ~/.config/fish/completions/holdfast.fish',
  )
  .action((shell: string, _options, command: Command) => {
    const script = SHELLS[shell];
    if (script === undefined) command.error(`error: there is no ${shell}; there are: bash, zsh, fish`);
    else print(script);
  });

/** Loads a command by its name. Undefined: there is none. */
export type LoadCommand = (name: string) => Promise<Command | undefined>;

/** Made by the program, which knows all commands. The words to complete come after `--`. */
export const completeCommand = (names: readonly [string, string][], load: LoadCommand) =>
  new Command("complete").action(async () => {
    const found = await candidates(serverCommand() ?? [], names, load);
    for (const [word, says] of found) print(says ? `${word}\t${says}` : word);
  });

/** What the last of the words can become, each with what it means. None: the shell offers files. */
async function candidates(
  words: readonly string[],
  names: readonly [string, string][],
  load: LoadCommand,
): Promise<[string, string][]> {
  const current = words.at(-1) ?? "";
  const begun = (all: readonly [string, string][]) => all.filter(([word]) => word.startsWith(current));
  if (words.length <= 1) return begun(names);
  const command = await load(words[0] ?? "");
  if (!command || words.slice(0, -1).includes("--")) return [];
  const before = command.options.find(({ long }) => long === words.at(-2));
  if (before?.required) return begun((before.argChoices ?? []).map((choice) => [choice, ""]));
  if (current.startsWith("-")) return begun(command.options.map((one) => [one.long ?? "", one.description]));
  const only = { completion: Object.keys(SHELLS), generate: ["types"], chart: [], demo: [], discover: [] }[
    words[0] ?? ""
  ];
  if (only && words.length === 2) return begun(only.map((word) => [word, ""]));
  return begun(targets(current).map((word) => [word, ""]));
}

/** What every shell takes as it is. A config that comes with a project must not write a command into the line: bash quotes nothing. */
const PLAIN_WORD = /^[\p{L}\p{N}_.@%+:,/-]+$/u;

/** Clients, the servers of the one that is named, and those of a config file. */
function targets(current: string): string[] {
  const [path = "", ...rest] = current.split(/:(?=[^:]*$)/);
  const named = rest.length > 0 ? serversOf(path).filter((name) => PLAIN_WORD.test(name)) : [];
  return named.length > 0 ? named.map((name) => `${path}:${name}`) : CLIENT_NAMES;
}

function serversOf(target: string): string[] {
  try {
    if (clientOf(target)) return clientFiles(target).flatMap(({ entries }) => Object.keys(entries));
    return isConfigFile(target) ? Object.keys(serversIn(target)) : [];
  } catch {
    return [];
  }
}
