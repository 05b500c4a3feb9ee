import { createInterface } from "node:readline";
import { whenAborted } from "../../internal.js";

/**
 * Reads one line from stdin, pasted or piped. Undefined: the input ended without one, or the signal fired. It does not use
 * readline's terminal mode, in which Ctrl-C would be no signal any more.
 */
export function pastedLine(signal: AbortSignal): Promise<string | undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  const lines = createInterface({ input: process.stdin, terminal: false });
  return new Promise<string | undefined>((resolve) => {
    const end = (line?: string) => {
      stop();
      // Before `close`, whose event resolves without a line.
      resolve(line);
      lines.close();
    };
    const stop = whenAborted(signal, () => end());
    lines.on("line", (line) => line.trim() && end(line.trim()));
    lines.once("close", () => end());
  }).finally(() => {
    // stdin must not keep the program alive after this.
    process.stdin.unref?.();
  });
}
