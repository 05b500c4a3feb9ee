import { isRemote, parseConfig } from "../../internal.js";
import type { Configured } from "./configured.js";
import type { Finding } from "./finding.js";
import { cliStore, loginCommand } from "./sign-in.js";
import { remoteOf } from "./sign-in-targets.js";

/** Servers that say themselves that a person signs in to them, and nobody has. Whether another one asks for it, only it knows. */
export async function signInFindings(servers: readonly Configured[]): Promise<Finding[]> {
  const all = await Promise.all(servers.filter(({ untrusted }) => !untrusted).map(findingsOf));
  return all.flat();
}

async function findingsOf({ file, name, target, entry }: Configured): Promise<Finding[]> {
  const server = serverOf(name, entry);
  if (!server || !isRemote(server) || server.auth !== "oauth") return [];
  const stored = await cliStore().list(remoteOf(name, server).key);
  if (stored.some(({ tokens }) => tokens !== undefined)) return [];
  return [{ file, server: name, what: "nobody has signed in to it", next: loginCommand(target) }];
}

function serverOf(name: string, entry: unknown) {
  try {
    return parseConfig({ mcpServers: { [name]: entry } }).servers[name];
  } catch {
    // What is wrong with it is told elsewhere.
    return undefined;
  }
}
