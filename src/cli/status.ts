import { onTarget } from "./run.js";
import { type TargetOptions, targetCommand } from "./target.js";
import { describeServer } from "./words.js";

export const statusCommand = targetCommand(
  "status",
  "connect, and show the connection and what the server offers",
  "",
)
  .option("--json", "the status as JSON")
  .action((args: string[], options: TargetOptions & { json?: boolean }) =>
    onTarget(args, options, async ({ session, transport }) => {
      const [{ tools }, { resources }, { prompts }] = await Promise.all([
        session.listTools(),
        session.listResources(),
        session.listPrompts(),
      ]);
      const counts = { tools: tools.length, resources: resources.length, prompts: prompts.length };
      const status = transport.status;
      if (options.json) return console.log(JSON.stringify({ ...status, ...counts }, null, 2));
      console.log(`${status.name}  ${status.state}  ${describeServer(status)}`);
      console.log(`  ${counts.tools} tools, ${counts.resources} resources, ${counts.prompts} prompts`);
    }),
  );
