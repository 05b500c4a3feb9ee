import { onTestFinished, vi } from "vitest";
import { MCPConfigTransport } from "../../src/composite/config-transport.js";
import type { MCPConfigTransportOptions } from "../../src/composite/options.js";
import { FakeServer } from "../../src/testing/fake-server.js";
import { KindTransport } from "../../src/transports/kind.js";
import { type ServerFactory, serveFresh } from "../../src/transports/memory.js";
import { MemoryWire } from "../../src/wires/memory.js";
import { closing } from "./fixtures.js";

/** A server in this program, or what an attempt to reach it is refused with. */
type Behind = FakeServer | ServerFactory | Error;

/** The entries of a config by their names; each command leads to the server of that name in this program, and starts nothing. */
export const entries = (...names: string[]) =>
  Object.fromEntries(names.map((name): [string, object] => [name, { command: name }]));

/** Leads every transport of a config to the server of its name; gives the newest wire to each. */
export function inThisProgram(servers: Record<string, Behind>): Map<string, MemoryWire> {
  const wires = new Map<string, MemoryWire>();
  const open = vi.spyOn(KindTransport.prototype as unknown as { openWire(): unknown }, "openWire");
  onTestFinished(() => void open.mockRestore());
  open.mockImplementation(function (this: unknown) {
    const { name } = this as { name: string };
    const server = servers[name];
    if (!server) throw new Error(`${name} is not there`);
    if (server instanceof Error) throw server;
    const wire = new MemoryWire((side) =>
      server instanceof FakeServer ? server.serve(side) : serveFresh(server, side, name),
    );
    wires.set(name, wire);
    return wire;
  });
  return wires;
}

/** No bound of a composite is what these tests are about, however slow the machine is. */
export const UNHURRIED = { connectTimeoutMs: 500_000, startTimeoutMs: 400_000, listWaitMs: 400_000 };

/** A composite of servers in this program. */
export function fakeConfig(
  servers: Record<string, Behind>,
  options: Partial<MCPConfigTransportOptions> = {},
) {
  inThisProgram(servers);
  const config = { mcpServers: entries(...Object.keys(servers)) };
  return closing(new MCPConfigTransport({ config, ...UNHURRIED, ...options }));
}
