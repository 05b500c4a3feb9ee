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

/** The files of the current folder that are no client's. */
const OWN_FILES = ["mcp.json", "mcp.yaml", "mcp.toml"];

/** Every server of this machine, and the files that cannot be read. */
export function configured(): { servers: Configured[]; files: number; findings: Finding[] } {
  const all = { servers: [] as Configured[], files: 0, findings: [] as Finding[] };
  const add = (file: string, client: string, untrusted: boolean, entries: Record<string, unknown>) => {
    all.files++;
    for (const [name, entry] of Object.entries(entries))
      all.servers.push({
        ...{ file, client, name, untrusted, entry: fieldsOf(entry) },
        target: `${client}:${name}`,
      });
  };
  const broken = (file: string, error: unknown) => {
    all.files++;
    all.findings.push(findingOf({ file }, messageOf(error).replace(`${file} `, ""), "mend the file"));
  };
  for (const path of OWN_FILES.filter(isConfigFile)) {
    try {
      add(path, path, true, serversIn(path));
    } catch (error) {
      if (!/cannot be read: ENOENT/.test(messageOf(error))) broken(path, error);
    }
  }
  for (const client of CLIENT_NAMES)
    for (const file of searchClient(client)) {
      if ("error" in file) broken(file.path, file.error);
      else add(file.path, client, file.project && !isTrusted(file), file.entries);
    }
  return all;
}
