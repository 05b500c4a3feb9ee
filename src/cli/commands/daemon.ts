import { readFileSync, realpathSync } from "node:fs";
import { userInfo } from "node:os";
import { Daemon } from "../../daemon/daemon.js";
import { lineOf, type Ready } from "../../daemon/hello.js";
import { keyOf } from "../../daemon/key.js";
import { placeOf } from "../../daemon/place.js";
import { keepAliveWhile, messageOf } from "../../internal.js";
import { onSignals } from "../terminal/signals.js";
import { installCommand, uninstallCommand } from "./install.js";
import { agreedTarget } from "./target.js";
import { type TargetOptions, targetCommand } from "./target-options.js";

interface DaemonCommandOptions extends TargetOptions {
  key?: string;
  idle: string;
}

/** What `serve --shared` starts. */
export const daemonCommand = targetCommand("daemon")
  .option("--key <key>", "the name of the daemon (default: that which hosts use who start in this folder)")
  .option("--idle <seconds>", "ends it so long after its last client left", "600")
  .option("--strict", "one server that cannot be reached is an error")
  .addCommand(installCommand)
  .addCommand(uninstallCommand)
  .action(async (args: string[], options: DaemonCommandOptions) => {
    // Whoever started it may be gone, and its ear with it.
    process.stdout.on("error", () => {});
    const tell = (ready: Ready) => process.stdout.write(lineOf(ready));
    try {
      const daemon = await started(args, options);
      if (!daemon) return void tell({ taken: true });
      tell({});
      await keepAliveWhile(untilEnd(daemon));
    } catch (error) {
      tell({ failed: messageOf(error) });
      throw error;
    }
  });

async function started(args: string[], options: DaemonCommandOptions): Promise<Daemon | undefined> {
  const { transport } = await agreedTarget(args, { ...options, watch: true });
  const daemon = await Daemon.start(transport, {
    place: placeOf(options.key ?? keyHere(args[0]!)),
    config: args[0]!,
    idleMs: Number(options.idle) * 1_000,
  });
  if (!daemon) await transport.close();
  return daemon;
}

/** The key that a shim has which is started here, with this environment. */
function keyHere(target: string): string {
  const path = realpathSync(target);
  const text = readFileSync(path, "utf8");
  const parts = { user: userInfo().username, path, text, options: [], env: process.env, cwd: process.cwd() };
  return keyOf(parts).key;
}

async function untilEnd(daemon: Daemon): Promise<void> {
  const stop = onSignals(() => void daemon.stop("rest"));
  await daemon.closed;
  stop();
}
