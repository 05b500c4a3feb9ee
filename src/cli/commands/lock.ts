import { MCPConfigTransport } from "../../index.js";
import {
  isConfigFile,
  LOCKED_KINDS,
  type LockedServer,
  type LockedServers,
  lockDifferences,
  lockedItem,
  lockPathOf,
  lockText,
  readLock,
  readOffered,
  replaceFile,
  visibleLine,
} from "../../internal.js";
import { UsageError } from "../terminal/exit.js";
import { print, printJson } from "../terminal/print.js";
import { stopOnSignals } from "./run.js";
import { agreedTarget } from "./target.js";
import { type TargetOptions, targetCommand } from "./target-options.js";

export const lockCommand = targetCommand("lock")
  .option("--json", "what differs, and the file, as JSON")
  .addHelpText(
    "after",
    "\nWrites mcp.lock.json beside mcp.json, with every definition as its server gives it, and prints what differs from before.\n" +
      "Review it before you rely on it. Nothing is written unless every server was reached.",
  )
  .action(lock);

async function lock(args: string[], options: TargetOptions & { json?: boolean }): Promise<void> {
  const [path, ...more] = args;
  if (path === undefined || more.length > 0 || !isConfigFile(path))
    throw new UsageError("expected a config file, such as mcp.json");
  const { transport } = await agreedTarget(args, { ...options, pin: "off" });
  const stop = stopOnSignals(transport);
  try {
    if (!(transport instanceof MCPConfigTransport)) throw new UsageError(`${path} is no config`);
    const names = Object.keys(transport.servers);
    const servers: LockedServers = Object.fromEntries(
      await Promise.all(
        names.map(async (name) => [name, await offered(transport, name, options.timeout)] as const),
      ),
    );
    const file = lockPathOf(path);
    const before = readLock(file) ?? {};
    replaceFile(file, lockText(servers));
    const differences = lockDifferences(before, servers);
    if (options.json) return printJson({ file, differences });
    for (const { sign, server, kind, key } of differences)
      print(`${sign} ${visibleLine(server)} ${kind} ${visibleLine(key)}`);
    print(`wrote ${visibleLine(file)}: review it, and keep it with the config`);
  } finally {
    await transport.close();
    stop();
  }
}

async function offered(
  transport: MCPConfigTransport,
  name: string,
  timeoutMs: number,
): Promise<LockedServer> {
  return transport.server(name).withSession(
    async (session) => {
      const all = await readOffered(session);
      return Object.fromEntries(
        LOCKED_KINDS.map((kind) => [
          kind,
          Object.fromEntries(all[kind].map((item) => lockedItem(kind, item))),
        ]),
      );
    },
    { timeoutMs, signal: AbortSignal.timeout(timeoutMs) },
  );
}
