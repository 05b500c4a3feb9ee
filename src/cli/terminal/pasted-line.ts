import { createInterface } from "node:readline";
import { whenAborted } from "../../base/abort.js";

/**
 * One line that a person pastes, or that is piped in; undefined where the input ends without one, or the signal fires.
 * Not as a terminal of its own: Ctrl-C must stay a signal.
 */
export function pastedLine(signal: AbortSignal): Promise<string | undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  const lines = createInterface({ input: process.stdin, terminal: false });
  return new Promise<string | undefined>((resolve) => {
    const end = (line?: string) => {
      stop();
      // Before the close, which says that there is none.
      resolve(line);
      lines.close();
    };
    const stop = whenAborted(signal, () => end());
    lines.on("line", (line) => line.trim() && end(line.trim()));
    lines.once("close", () => end());
  }).finally(() => {
    // A terminal or a pipe that is read no more must not hold the program.
    process.stdin.unref?.();
  });
}
