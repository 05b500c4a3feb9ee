import type { Configured } from "./configured.js";
import type { Finding } from "./finding.js";
import { reached } from "./reached.js";

/** What is wrong with servers that can be told only by reaching them: those that are the user's own, each by itself. */
export async function connectFindings(servers: readonly Configured[]): Promise<Finding[]> {
  const all = await Promise.all(servers.filter(({ untrusted }) => !untrusted).map(findingsOf));
  return all.flat();
}

async function findingsOf({ file, name, target }: Configured): Promise<Finding[]> {
  const { health, says } = await reached(target);
  if (health === "ok" || health === "off") return [];
  return [{ file, server: name, what: `it is ${health}`, next: says }];
}
