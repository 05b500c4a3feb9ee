import type { Session } from "../../index.js";
import { firstLine, table } from "../terminal/format.js";
import { print, printJson, say } from "../terminal/print.js";
import { onTarget } from "./run.js";
import { type TargetOptions, targetCommand } from "./target.js";

interface Row {
  key: string;
  description?: string | undefined;
}

/** Makes a command that prints one list of the server: each name, and the first line of its description. */
function listCommand<T>(name: string, list: (session: Session) => Promise<T[]>, row: (item: T) => Row) {
  return targetCommand(name)
    .option("--json", "the whole list as JSON")
    .action((args: string[], options: TargetOptions & { json?: boolean }) =>
      onTarget(args, options, async ({ session }) => {
        const items = await list(session);
        if (options.json) return printJson(items);
        if (items.length === 0) return say(`no ${name}`);
        print(table(items.map(row).map(({ key, description: text }) => [key, firstLine(text)])));
      }),
    );
}

export const toolsCommand = listCommand(
  "tools",
  async (session) => (await session.listTools()).tools,
  (tool) => ({ key: tool.name, description: tool.description ?? tool.title }),
);

export const promptsCommand = listCommand(
  "prompts",
  async (session) => (await session.listPrompts()).prompts,
  (prompt) => ({ key: prompt.name, description: prompt.description ?? prompt.title }),
);

export const resourcesCommand = listCommand(
  "resources",
  async (session) => {
    const [{ resources }, { resourceTemplates }] = await Promise.all([
      session.listResources(),
      session.listResourceTemplates(),
    ]);
    return [...resources, ...resourceTemplates];
  },
  (resource) => ({
    key: "uri" in resource ? String(resource.uri) : String(resource.uriTemplate),
    description: resource.description ?? resource.name,
  }),
);
