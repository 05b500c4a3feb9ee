import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { createInspector, fromRecording } from "../../inspect/index.js";
import { messageOf, showRecording } from "../../internal.js";
import { UsageError } from "../terminal/exit.js";
import { print, say } from "../terminal/print.js";
import { onSignals } from "../terminal/signals.js";
import { agreedTarget } from "./target.js";
import { type TargetOptions, targetCommand } from "./target-options.js";

interface InspectOptions extends TargetOptions {
  port?: number;
  controls: boolean;
  allowCalls?: boolean;
  allowStop?: boolean;
}

const portOf = (text: string): number => {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new UsageError(`--port: expected a port, got ${JSON.stringify(text)}`);
  return port;
};

export const inspectCommand = targetCommand("inspect")
  .option("--port <port>", "of the page; default: a free one", portOf)
  .option("--no-controls", "a page without buttons")
  .option("--allow-calls", "a page on which tools that only read can be called")
  .option("--allow-stop", "a page with a button that stops a server's process")
  .option("--watch", "follow the config file")
  .action((args: string[], options: InspectOptions) =>
    args[0]?.endsWith(".jsonl") && existsSync(args[0]) ? replay(args[0], options) : live(args, options),
  );

async function live(args: string[], options: InspectOptions): Promise<void> {
  const { transport, rest } = await agreedTarget(args, options);
  if (rest.length > 0) throw new UsageError(`unexpected argument: ${rest[0]}`);
  const inspector = await createInspector({ ...pageOptions(options), transports: [transport] });
  // Printed before connecting, because a failing connection is what a person wants to look at.
  print(inspector.url);
  say("open this address in a browser on this machine; Ctrl-C ends it");
  try {
    await Promise.race([
      untilSignal(),
      transport.connect().then(
        () => new Promise(() => {}),
        (error: unknown) => {
          say(`holdfast: ${messageOf(error)}`);
          say("the page stays: reconnect there, or end it with Ctrl-C");
          return new Promise(() => {});
        },
      ),
    ]);
  } finally {
    await transport.close();
    await inspector.close();
  }
}

/** Settles with Ctrl-C, and keeps the program alive until then, which the page does not. */
function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    const hold = setInterval(() => {}, 2 ** 30);
    const stop = onSignals(() => {
      clearInterval(hold);
      stop();
      resolve();
    });
  });
}

async function replay(file: string, options: InspectOptions): Promise<void> {
  let events: ReturnType<typeof fromRecording>;
  try {
    events = fromRecording(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(`${file}: ${messageOf(error)}`);
  }
  const page = await showRecording(basename(file), events, pageOptions(options));
  print(page.url);
  say(`${events.length} events; open this address in a browser on this machine; Ctrl-C ends it`);
  await untilSignal();
  await page.close();
}

const pageOptions = ({ port, controls, allowCalls = false, allowStop = false }: InspectOptions) => ({
  controls,
  allowCalls,
  allowStop,
  ...(port !== undefined && { port }),
});
