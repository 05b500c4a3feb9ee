import type { JSONRPCMessage, TransportSendOptions } from "@modelcontextprotocol/client";
import { vi } from "vitest";
import type { Wire } from "../../src/contract/wire.js";
import { Guard, type GuardHooks } from "../../src/wires/guard.js";

/** A wire that keeps what it is sent, and says what a test makes it say. */
export function wireWith(part: Partial<Wire> = {}) {
  const sent: { message: JSONRPCMessage; options: TransportSendOptions | undefined }[] = [];
  const wire = {
    start: vi.fn(async () => {}),
    send: vi.fn(async (message: JSONRPCMessage, options?: TransportSendOptions) => {
      sent.push({ message, options });
    }),
    close: vi.fn(async () => {}),
    ...part,
  } as Wire & { send: ReturnType<typeof vi.fn>; close: ReturnType<typeof vi.fn> };
  return { wire, sent };
}

/** A guard in front of such a wire, with all that it says to either side. */
export async function guarded(part: Partial<Wire> = {}, hooks: Partial<GuardHooks> = {}) {
  const { wire, sent } = wireWith(part);
  const onLost = vi.fn();
  const onStray = vi.fn();
  const guard = new Guard(wire, 1, { onLost, onStray, ...hooks });
  const heard: JSONRPCMessage[] = [];
  guard.onmessage = (message) => void heard.push(message);
  guard.onclose = vi.fn();
  guard.onerror = vi.fn();
  await guard.start();
  const say = (message: object) => wire.onmessage!({ jsonrpc: "2.0", ...message } as JSONRPCMessage);
  return { guard, wire, sent, heard, say, onLost, onStray };
}

export const request = (id: number | string, method = "tools/call"): JSONRPCMessage => ({
  jsonrpc: "2.0",
  id,
  method,
});
