import { type ConnectionStatus, isHoldfastError } from "../../index.js";
import { messageOf } from "../../internal.js";
import { isDeadline } from "../terminal/exit.js";
import { describeServer } from "../terminal/format.js";
import { print, printJson, printTable } from "../terminal/print.js";
import type { Cell } from "../terminal/table.js";
import { onTarget, type Task } from "./run.js";
import { helpFor, rowOf, serversOf } from "./server-rows.js";
import type { Needing } from "./sign-in.js";
import { type TargetOptions, targetCommand } from "./target-options.js";
import { watchServers } from "./watch-servers.js";

type StatusOptions = TargetOptions & { json?: boolean };

export const statusCommand = targetCommand("status")
  .option("--json", "the status as JSON")
  .option("--watch", "go on, follow the config file, and show every change, until Ctrl-C")
  .option("--strict", "one server of a config that cannot be reached is an error")
  .action((args: string[], options: StatusOptions) =>
    onTarget(
      args,
      options,
      async (task) => {
        await show(task, options);
        if (options.watch) await watchServers(task.transport);
      },
      { showsServers: true, failed: options.json ? showFailure : undefined },
    ),
  );

async function show({ session, transport, ...known }: Task, { json }: StatusOptions): Promise<void> {
  const refusals: string[] = [];
  const length = async (what: string, list: Promise<readonly unknown[]>) => {
    const items = await list.catch((error: unknown) => {
      // What the server refuses says nothing of its connection.
      if (isHoldfastError(error) || isDeadline(error)) throw error;
      refusals.push(`  no ${what}: ${messageOf(error)}`);
    });
    return items ? [[what, items.length] as const] : [];
  };
  const found = await Promise.all([
    length(
      "tools",
      session.listTools().then(({ tools }) => tools),
    ),
    length(
      "resources",
      session.listResources().then(({ resources }) => resources),
    ),
    length(
      "prompts",
      session.listPrompts().then(({ prompts }) => prompts),
    ),
  ]);
  const counts = Object.fromEntries(found.flat());
  const status = transport.status;
  const servers = serversOf(transport);
  if (json)
    return printJson({
      ...status,
      ...counts,
      ...(servers && { servers: withHints(servers, known.needing) }),
    });
  printTable([[status.name, { text: status.state, style: "green" }, describeServer(status)]]);
  const parts = Object.entries(counts).map(([what, n]) => `${n} ${n === 1 ? what.slice(0, -1) : what}`);
  if (parts.length > 0) print(`  ${parts.join(", ")}`);
  refusals.forEach(print);
  if (!servers) return;
  print("");
  const heading = ["server", "health", ""].map((text): Cell => ({ text, style: "bold" }));
  printTable([heading, ...Object.values(servers).map((server) => rowOf(server, known))]);
}

/** Prints the status of a transport that could not be reached. The error itself goes to stderr, as for every command. */
function showFailure(error: unknown, { transport, needing }: Omit<Task, "session">): void {
  if (!isHoldfastError(error)) return;
  const { code, message } = error;
  const servers = serversOf(transport);
  const [hint] = servers ? [] : needing.values();
  printJson({
    ...transport.status,
    code,
    message,
    ...(hint !== undefined && { hint }),
    ...(servers && { servers: withHints(servers, needing) }),
  });
}

function withHints(servers: Record<string, ConnectionStatus>, needing: Needing) {
  return Object.fromEntries(
    Object.entries(servers).map(([name, status]) => {
      const hint = helpFor(status, needing);
      return [name, hint === undefined ? status : { ...status, code: "AUTH_REQUIRED", hint }];
    }),
  );
}
