import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CallToolResult } from "@modelcontextprotocol/client";
import { onTestFinished } from "vitest";
import type { ConnectionEvent } from "../../src/contract/status.js";
import type { ProcessOptions } from "../../src/transports/stdio.js";
import { StdioTransport } from "../../src/transports/stdio.js";
import type { ClientTransport } from "../../src/transports/transport.js";

export { rejection, until } from "./settling.js";

export const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

/** Closes the transport with the test. */
export function closing<T extends ClientTransport>(transport: T): T {
  onTestFinished(() => transport.close());
  return transport;
}

/** A fixture server behind stdio, and the file in which it notes what it really did. */
export function stdioFixture(options: ProcessOptions & { server?: string; era?: "legacy" | "auto" } = {}) {
  const { server = "stdio-server.mjs", env, ...rest } = options;
  const directory = mkdtempSync(join(tmpdir(), "holdfast-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const log = join(directory, "log");
  const transport = new StdioTransport({
    command: process.execPath,
    args: [fixture(server)],
    name: "fixture",
    era: "legacy",
    env: { FIXTURE_LOG: log, ...(env as Record<string, string> | undefined) },
    ...rest,
  });
  const did = () => (existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : []);
  return { transport: closing(transport), did, log };
}

export function textOf(result: CallToolResult): string {
  const [block] = result.content;
  return block?.type === "text" ? block.text : "";
}

/** Every event of a transport, in order. */
export function recorded(transport: ClientTransport): ConnectionEvent[] {
  const events: ConnectionEvent[] = [];
  transport.subscribe((_status, event) => events.push(event));
  return events;
}

/** Whether a process lives; a zombie does not. */
export function lives(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
