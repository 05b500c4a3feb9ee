import type { Tool } from "@modelcontextprotocol/client";
import type { Session } from "../../index.js";
import { firstLine, indented } from "../terminal/format.js";
import { print, printJson, printTable, say } from "../terminal/print.js";
import { signatureOf } from "../terminal/signature.js";
import { onTarget } from "./run.js";
import { type TargetOptions, targetCommand } from "./target-options.js";

interface ListOptions extends TargetOptions {
  json?: boolean;
  long?: boolean;
}

interface Row {
  key: string;
  description?: string | undefined;
}

/** Makes a command that prints one list of the server. */
function listCommand<T>(
  name: string,
  list: (session: Session) => Promise<T[]>,
  show: (items: T[], options: ListOptions) => void,
) {
  return targetCommand(name)
    .option("--json", "the definitions as JSON")
    .option("--long", "with the whole descriptions")
    .action((args: string[], options: ListOptions) =>
      onTarget(args, options, async ({ session }) => {
        const items = await list(session);
        if (options.json) return printJson(items);
        if (items.length === 0) return say(`no ${name}`);
        show(items, options);
      }),
    );
}

/** Each name with the first line of its description, or with `--long` with all of it. */
const table =
  <T>(row: (item: T) => Row) =>
  (items: T[], { long }: ListOptions): void => {
    const rows = items.map(row);
    if (long) inFull(rows);
    else
      printTable(rows.map(({ key, description }) => [key, { text: firstLine(description), style: "dim" }]));
  };

const inFull = (rows: Row[]): void =>
  print(
    rows.map(({ key, description }) => [key, indented(description)].filter(Boolean).join("\n")).join("\n\n"),
  );

export const toolsCommand = listCommand<Tool>(
  "tools",
  async (session) => (await session.listTools()).tools,
  (tools, { long }) => {
    // The signature whole, and of the description what the line has room for.
    if (!long) printTable(tools.map((tool) => [`${signatureOf(tool)}  ${firstLine(tool.description)}`]));
    else
      inFull(tools.map((tool) => ({ key: signatureOf(tool), description: tool.description ?? tool.title })));
  },
);

export const promptsCommand = listCommand(
  "prompts",
  async (session) => (await session.listPrompts()).prompts,
  table(({ name, arguments: args = [], description, title }) => ({
    key: `${name}(${args.map((arg) => (arg.required ? arg.name : `${arg.name}?`)).join(", ")})`,
    description: description ?? title,
  })),
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
  table((resource) => ({
    key: "uri" in resource ? String(resource.uri) : String(resource.uriTemplate),
    description: resource.description ?? resource.name,
  })),
);
