import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { messageOf } from "../errors.js";
import { createInspector, fromRecording } from "../inspect/index.js";
import { showRecording } from "../inspect/inspector.js";
import { UsageError } from "./exit.js";
import { onTarget } from "./run.js";
import { type TargetOptions, targetCommand } from "./target.js";

type InspectOptions = TargetOptions & { port?: number; controls: boolean };

const portOf = (text: string): number => {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new UsageError(`--port: expected a port, got ${JSON.stringify(text)}`);
  return port;
};

export const inspectCommand = targetCommand(
  "inspect",
  "show the connections in a page on this machine: live, or a recording.jsonl",
  "",
)
  .option("--port <port>", "of the page; default: a free one", portOf)
  .option("--no-controls", "a page without buttons")
  .option("--watch", "follow the config file")
  .action((args: string[], options: InspectOptions) =>
    args[0]?.endsWith(".jsonl") && existsSync(args[0]) ? replay(args[0], options) : live(args, options),
  );

async function live(args: string[], options: InspectOptions): Promise<void> {
  const inspector = await createInspector(pageOptions(options));
  try {
    await onTarget(
      args,
      options,
      async ({ transport }) => {
        console.log(inspector.url);
        console.error("open this address in a browser on this machine; Ctrl-C ends it");
        await transport.waitFor("closed");
      },
      // From before the first attempt, so that the page shows that one, too.
      (transport) => inspector.watch(transport),
    );
  } finally {
    await inspector.close();
  }
}

async function replay(file: string, options: InspectOptions): Promise<void> {
  let events: ReturnType<typeof fromRecording>;
  try {
    events = fromRecording(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(`${file}: ${messageOf(error)}`);
  }
  const page = await showRecording(basename(file), events, pageOptions(options));
  console.log(page.url);
  console.error(`${events.length} events; open this address in a browser on this machine; Ctrl-C ends it`);
  await new Promise<void>((resolve) => {
    // Something must hold the program: the page itself never does.
    const hold = setInterval(() => {}, 2 ** 30);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.once(signal, () => {
        clearInterval(hold);
        resolve();
      });
  });
  await page.close();
}

const pageOptions = ({ port, controls }: InspectOptions) => ({
  controls,
  ...(port !== undefined && { port }),
});
