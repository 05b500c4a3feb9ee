import { Command } from "commander";
import { RecordedServer } from "../../index.js";
import { playOnStdio } from "../../internal.js";
import { say } from "../terminal/print.js";

export const replayCommand = new Command("replay")
  .argument("<file>", "what --record FILE wrote")
  .option("--verbose", "say what was played, and what was not asked for")
  .action(async (file: string, { verbose }: { verbose?: boolean }) => {
    const server = RecordedServer.load(file);
    if (verbose) say(`playing ${file} on stdio`);
    await playOnStdio(server);
    if (!verbose) return;
    say(`${server.received.length} messages received`);
    for (const { method, params } of server.unasked())
      say(`not asked for: ${method} ${JSON.stringify(params)}`);
  });
