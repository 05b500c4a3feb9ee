import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { parseConfig, unwrappedEntry, wrappedBy } from "../../internal.js";
import type { Configured } from "./configured.js";
import type { Finding } from "./finding.js";
import type { Process } from "./process-findings.js";

interface Started {
  server: Configured;
  command: string;
  args: string[];
  shared: boolean;
}

/** Servers that several clients start for themselves, and those that run several times now. */
export function doubleFindings(servers: readonly Configured[], processes: readonly Process[]): Finding[] {
  const all = servers.flatMap(startedBy).filter(({ shared }) => !shared);
  return all.flatMap((one, index) => {
    const same = all.filter((other) => isSame(one, other));
    const isFirst = all.findIndex((other) => isSame(one, other)) === index;
    const running = processes.filter((process) => isOf(process, one));
    const clients = new Set(same.map(({ server }) => server.client));
    if (!isFirst || (clients.size < 2 && running.length < 2)) return [];
    const pids = running.map(({ pid }) => pid).join(", ");
    const inConfigs = clients.size > 1 ? `${[...clients].join(" and ")} each start it` : "";
    const now = running.length > 1 ? `it runs ${running.length} times (pids ${pids})` : "";
    const { file, name } = one.server;
    const wrap = [...clients].map((client) => `holdfast wrap ${client} --shared`).join(" and ");
    return [
      {
        file,
        server: name,
        what: [inConfigs, now].filter(Boolean).join("; "),
        next: `once for all: ${wrap}`,
      },
    ];
  });
}

function startedBy(server: Configured): Started[] {
  if (server.untrusted) return [];
  try {
    const plain = unwrappedEntry(server.entry);
    const { servers } = parseConfig({ mcpServers: { one: plain } });
    const { one } = servers;
    if (!one || !("command" in one)) return [];
    const { command, args = [] } = one;
    return [{ server, command, args, shared: wrappedBy(server.entry)?.shared === true }];
  } catch {
    return [];
  }
}

const isSame = (one: Started, other: Started) =>
  one.command === other.command && isDeepStrictEqual(one.args, other.args);

/** Whether a process is that server. npm says `npm exec PACKAGE` of what npx runs. */
function isOf({ words }: Process, { command, args }: Started): boolean {
  const [program = "", ...rest] = words;
  if (basename(program) === basename(command)) return isDeepStrictEqual(rest, args);
  const packages = args.filter((arg) => arg !== "-y" && arg !== "--yes");
  return basename(command) === "npx" && words.join(" ").trim() === `npm exec ${packages.join(" ")}`;
}
