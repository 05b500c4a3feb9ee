import { CLIENT_NAMES, fieldsOf, isConfigFile, messageOf, searchClient, serversIn } from "../../internal.js";
import { type Finding, findingOf } from "./finding.js";
import { isTrusted } from "./trust.js";

/** A server as it stands in a config of this machine. */
export interface Configured {
  file: string;
  /** What a command takes as its target. */
  target: string;
  client: string;
  name: string;
  entry: Record<string, unknown>;
  /** Nobody agreed to the file: no variable of the user is looked up for it. */
  untrusted: boolean;
}

/** The files of the current folder that are no client's. Whoever wrote the folder wrote them: a person has to name one to start it. */
const OWN_FILES = ["mcp.json", "mcp.yaml", "mcp.toml"];

/** A config file of this machine. */
export type ConfigHere = {
  path: string;
  /** What a command takes as its target: the file itself, or the client whose it is. */
  target: string;
  /** It lies in the current project or folder, and nobody agreed to it or named it. */
  untrusted: boolean;
} & ({ entries: Record<string, unknown> } | { error: unknown });

/** Those of the current folder first, then those of each client. */
export const configsHere = (): ConfigHere[] => [
  ...OWN_FILES.filter((path) => isConfigFile(path)).flatMap(ownFile),
  ...CLIENT_NAMES.flatMap((client) =>
    searchClient(client).map((file): ConfigHere => {
      const { path } = file;
      return "error" in file
        ? { path, target: client, untrusted: true, error: file.error }
        : { path, target: client, untrusted: file.project && !isTrusted(file), entries: file.entries };
    }),
  ),
];

function ownFile(path: string): ConfigHere[] {
  const known = { path, target: path, untrusted: true };
  try {
    return [{ ...known, entries: serversIn(path) }];
  } catch (error) {
    return /cannot be read: ENOENT/.test(messageOf(error)) ? [] : [{ ...known, error }];
  }
}

/** Every server of this machine, and the files that cannot be read. */
export function configured(): { servers: Configured[]; files: number; findings: Finding[] } {
  const all = configsHere();
  const servers = all.flatMap((file): Configured[] =>
    "error" in file
      ? []
      : Object.entries(file.entries).map(([name, entry]) => configuredIn(file, name, entry)),
  );
  const findings = all.flatMap((file) => {
    if (!("error" in file)) return [];
    const { path, error } = file;
    return [findingOf({ file: path }, messageOf(error).replace(`${path} `, ""), "mend the file")];
  });
  return { servers, files: all.length, findings };
}

const configuredIn = ({ path, target, untrusted }: ConfigHere, name: string, entry: unknown): Configured => ({
  ...{ file: path, client: target, name, untrusted, entry: fieldsOf(entry) },
  target: `${target}:${name}`,
});
