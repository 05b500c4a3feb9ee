import { onTestFinished, vi } from "vitest";
import { signalGroup } from "../../src/wires/process-group.js";
import { StdioWire, type StdioWireOptions } from "../../src/wires/stdio.js";

/** One shell script as a server: it starts in a few milliseconds. */
export function shell(script: string, options: Partial<StdioWireOptions> = {}) {
  const warn = vi.fn();
  const wire = new StdioWire({
    name: "server",
    command: "/bin/sh",
    args: ["-c", script],
    env: { PATH: "/usr/bin:/bin" },
    cwd: undefined,
    stderr: "capture",
    onStderr: undefined,
    logFile: undefined,
    maxLogBytes: 10_000,
    install: undefined,
    maxMessageBytes: 10_000,
    closeTimeoutMs: 400,
    reapOrphans: false,
    endDetached: false,
    warn,
    redact: (text) => text.replaceAll("secret", "[redacted]"),
    ...options,
  });
  const heard: { method?: string; id?: unknown; error?: { data?: unknown } }[] = [];
  wire.onmessage = (message) => void heard.push(message as never);
  let tellClosed: () => void = () => {};
  /** Settles when the wire says that it is closed. */
  const closed = new Promise<void>((resolve) => {
    tellClosed = resolve;
  });
  const onclose = vi.fn(() => tellClosed());
  wire.onclose = onclose;
  wire.onerror = vi.fn();
  onTestFinished(() => {
    // Also where a test fails because the wire does not.
    if (wire.pid !== undefined) signalGroup(wire.pid, "SIGKILL");
    return wire.close();
  });
  return { wire, heard, closed, onclose, warn };
}

/** A line of a script that prints a notification. */
export const says = (method: string) => `printf '{"jsonrpc":"2.0","method":"%s"}\\n' ${method}`;

/** Keeps a script busy, with children so short that its traps run at once. */
/** In a child of the shell: waits until the shell is gone, and was seen to be. */
export const ORPHANED = "while kill -0 $$ 2>/dev/null; do sleep 0.01; done";
export const FOREVER = "for i in $(seq 500); do sleep 0.01; done";
