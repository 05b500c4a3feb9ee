import { accessSync, constants, existsSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { isHoldfastError, type ServerConfig } from "../../index.js";
import {
  fieldsOf,
  formOnly,
  installHint,
  isRemote,
  parseConfig,
  unwrappedEntry,
  wrappedBy,
} from "../../internal.js";
import type { Configured } from "./configured.js";
import { type Finding, findingOf } from "./finding.js";

/** What is wrong with a server, as far as that is known without starting it. */
export function entryFindings(server: Configured): Finding[] {
  const { file, name, entry, untrusted } = server;
  const where = { file, server: name };
  const plain = unwrappedEntry(entry);
  const gone = wrappedBy(entry) ? launcherFinding(server) : undefined;
  try {
    // The host asks for inputs.
    const options = untrusted ? formOnly : { strict: true, inputs: formOnly.inputs };
    const config = parseConfig({ mcpServers: { [name]: plain } }, options);
    // Without its variables nobody knows which program it means.
    const isKnown = !untrusted || !/[$%]/.test(JSON.stringify(plain));
    const found = isKnown ? processFindings(config.servers[name], where) : [];
    return gone ? [gone, ...found] : found;
  } catch (error) {
    const problems = isHoldfastError(error, "CONFIG_INVALID") ? (error.problems ?? []) : [];
    const wrong = problems.filter(({ message }) => message !== "every server is disabled");
    return wrong.map(({ path, message }) => {
      const field = path.replace(`mcpServers.${name}`, "").replace(/^\./, "");
      return findingOf(where, `${field && `${field}: `}${message}`, `mend ${field || "the entry"}`);
    });
  }
}

function processFindings(
  server: ServerConfig | undefined,
  where: { file: string; server: string },
): Finding[] {
  if (!server || isRemote(server)) return [];
  const { command, args = [], env = {}, cwd } = server;
  if (cwd !== undefined && !isFolder(cwd))
    return [{ ...where, what: `its folder ${cwd} is not there`, next: "make it, or mend cwd" }];
  if (!isRunnable(command, env["PATH"] ?? process.env["PATH"], cwd)) {
    const next = installHint(command) ?? "install it, or write its whole path as the command";
    return [{ ...where, what: `its command ${command} was not found`, next }];
  }
  const script = args.find((arg) => SCRIPT.test(arg));
  if (script === undefined || !isAbsolute(script) || existsSync(script)) return [];
  return [{ ...where, what: `its script ${script} is not there`, next: "mend its path in args" }];
}

const SCRIPT = /\.([cm]?[jt]s|py)$/;

function launcherFinding({ file, name, target, entry }: Configured): Finding | undefined {
  const [command = "", script] = wrappedBy(entry)?.launcher ?? [];
  const isThere = isRunnable(command, String(fieldsOf(entry["env"])["PATH"] ?? process.env["PATH"]));
  if (isThere && (script === undefined || !isAbsolute(script) || existsSync(script))) return undefined;
  return {
    ...{ file, server: name },
    what: `the holdfast that it is wrapped in is gone (${isThere ? script : command})`,
    next: `holdfast unwrap ${target.replace(`:${name}`, "")}, then wrap it again`,
  };
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** Whether the system finds a program of this name. */
function isRunnable(command: string, path: string | undefined, cwd = process.cwd()): boolean {
  const endings = process.platform === "win32" ? ["", ".exe", ".cmd", ".bat", ".com"] : [""];
  const folders = /[/\\]/.test(command) ? [""] : (path ?? "").split(delimiter);
  const paths = folders.map((folder) => (folder === "" ? resolve(cwd, command) : join(folder, command)));
  return paths.some((one) => endings.some((ending) => isExecutable(`${one}${ending}`)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
