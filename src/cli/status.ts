import { onTarget, type Task } from "./run.js";
import { serversOf, serverTable, watchServers } from "./servers.js";
import { type TargetOptions, targetCommand } from "./target.js";
import { describeServer } from "./words.js";

type StatusOptions = TargetOptions & { json?: boolean };

export const statusCommand = targetCommand(
  "status",
  "connect, and show the connection and what the server offers",
  "",
)
  .option("--json", "the status as JSON")
  .option("--watch", "go on, follow the config file, and show every change, until Ctrl-C")
  .option("--strict", "one server of a config that cannot be reached is an error")
  .action((args: string[], options: StatusOptions) =>
    onTarget(args, options, async (task) => {
      await show(task, options);
      if (options.watch) await watchServers(task.transport);
    }),
  );

async function show({ session, transport }: Task, { json }: StatusOptions): Promise<void> {
  const [{ tools }, { resources }, { prompts }] = await Promise.all([
    session.listTools(),
    session.listResources(),
    session.listPrompts(),
  ]);
  const counts = { tools: tools.length, resources: resources.length, prompts: prompts.length };
  const status = transport.status;
  const servers = serversOf(transport);
  if (json)
    return console.log(JSON.stringify({ ...status, ...counts, ...(servers && { servers }) }, null, 2));
  console.log(`${status.name}  ${status.state}  ${describeServer(status)}`);
  console.log(`  ${counts.tools} tools, ${counts.resources} resources, ${counts.prompts} prompts`);
  if (servers) console.log(`\n${serverTable(servers)}`);
}
