import { win32 } from "node:path";

/** What Windows looks for behind a name without an ending, where the environment does not say. */
const ENDINGS = ".COM;.EXE;.BAT;.CMD";
/** What means something to cmd.exe, outside of quotes or in them. */
const META = /[()\][%!^"`<>&|;, *?]/g;

/**
 * Finds a command in the folders of PATH, and never in the current one, as Windows would: somebody may have put a program
 * of that name there. A command that is a path gets the ending that is there. Undefined: there is none.
 */
export function findProgram(
  command: string,
  env: Record<string, string | undefined>,
  isFile: (path: string) => boolean,
): string | undefined {
  const value = (name: string) => Object.entries(env).find(([key]) => key.toUpperCase() === name)?.[1];
  const endings = (value("PATHEXT") || ENDINGS).split(";").filter(Boolean);
  const lower = command.toLowerCase();
  const complete = endings.some((ending) => lower.endsWith(ending.toLowerCase()));
  const folders = isPath(command)
    ? [""]
    : (value("PATH") ?? "").split(";").map((folder) => folder.replace(/^"(.*)"$/, "$1"));
  for (const folder of folders) {
    if (folder !== "" && !win32.isAbsolute(folder)) continue;
    if (folder === "" && !isPath(command)) continue;
    for (const ending of complete ? ["", ...endings] : endings) {
      const path = win32.join(folder, `${command}${ending}`);
      if (isFile(path)) return path;
    }
  }
  return undefined;
}

/** Whether a command says where it is, so that nothing is searched. */
export const isPath = (command: string): boolean => /[\\/:]/.test(command);

/** Whether cmd.exe runs it, which reads its command line anew. */
export const isBatch = (path: string): boolean => /\.(?:bat|cmd)$/i.test(path);

/**
 * The arguments of cmd.exe that make it start a batch file with these arguments unchanged. They must reach cmd.exe as they
 * are (`windowsVerbatimArguments`). The batch file hands its own on with `%*`, which reads them a second time: what means
 * something to cmd.exe is escaped twice.
 * @throws an argument with a line break, at which cmd.exe would stop reading
 */
export function batchArguments(file: string, args: readonly string[]): string[] {
  const words = [escaped(win32.normalize(file)), ...args.map((arg) => escaped(escaped(quoted(arg))))];
  return ["/d", "/s", "/c", `"${words.join(" ")}"`];
}

/** One word of a command line, as a program of Windows takes it apart: only backslashes before a quote are special. */
function quoted(arg: string): string {
  if (/[\r\n\0]/.test(arg)) throw new Error("a batch file takes no argument with a line break");
  return `"${arg.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, "$1$1")}"`;
}

const escaped = (text: string): string => text.replace(META, "^$&");
