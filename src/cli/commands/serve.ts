import { keepAliveWhile } from "../../base/keep-alive.js";
import { serve } from "../../serve/serve.js";
import type { Served } from "../../serve/served.js";
import { EXIT, UsageError } from "../terminal/exit.js";
import { type TargetOptions, targetCommand, targetOf } from "./target.js";

export const serveCommand = targetCommand(
  "serve",
  "serve the target to other programs, on stdin and stdout",
  "",
)
  .option("--watch", "follow the config file")
  .action(async (args: string[], options: TargetOptions) => {
    printOnStderr();
    const { transport, rest } = targetOf(args, options);
    if (rest.length > 0) throw new UsageError(`unexpected argument: ${rest[0]}`);
    try {
      const served = await serve(transport, { stdio: true });
      console.error(`serving ${transport.name} on stdio`);
      await keepAliveWhile(untilEnd(served));
    } finally {
      await transport.close();
    }
  });

/** stdout belongs to the protocol: what any library prints goes to the other stream. */
function printOnStderr(): void {
  console.log = console.info = console.debug = console.error;
}

/** The first signal lets what runs come to its end, a second one does not. */
async function untilEnd(served: Served): Promise<void> {
  let draining = false;
  const onSignal = () => {
    if (draining) process.exit(EXIT.interrupted);
    draining = true;
    console.error("ending: what runs comes to its end; a second signal does not wait");
    void served.drain();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  await served.closed;
  for (const signal of SIGNALS) process.off(signal, onSignal);
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
