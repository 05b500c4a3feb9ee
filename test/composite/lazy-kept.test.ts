import { readdirSync } from "node:fs";
import { expect, it, vi } from "vitest";
import { Lazy } from "../../src/composite/lazy.js";
import type { MemberSession } from "../../src/composite/member-session.js";
import type { ServerChange } from "../../src/contract/status.js";
import { INTERNALS } from "../../src/transports/internals.js";
import { gate } from "../support/gate.js";
import { temporary } from "../support/temporary.js";

/** What is kept of one server, whose lists are read when a test says so. */
function kept(more: object = {}) {
  const directory = temporary();
  const onChange = vi.fn();
  const hooks = { report: vi.fn(), onKnown: vi.fn(), onChange };
  const lazy = new Lazy("all", { config: {}, manifestDirectory: directory }, hooks);
  const held = gate();
  const listTools = vi.fn(async () => {
    await held.opened;
    return { tools: [] };
  });
  const session = {
    listTools,
    listPrompts: async () => ({ prompts: [] }),
    listResources: async () => ({ resources: [] }),
    listResourceTemplates: async () => ({ resourceTemplates: [] }),
    getServerVersion: () => undefined,
    getServerCapabilities: () => undefined,
    getInstructions: () => undefined,
    getProtocolEra: () => "legacy",
  };
  const transport = { status: { state: "idle" }, [INTERNALS]: { holdsSecret: () => false, expect: vi.fn() } };
  const server = { name: "one", config: { command: "x" }, transport, isLazy: () => true };
  const member = { server, session, ...more } as unknown as MemberSession;
  return {
    lazy,
    member,
    listTools,
    onChange,
    open: held.open,
    files: () => readdirSync(directory).length,
    transport,
  };
}

it("a lazy server that differs is told by the lists that do", async () => {
  const { lazy, member, onChange, open } = kept();
  open();
  for (const [lists, kinds] of [
    [{ tools: {} }, ["tools"]],
    [{ prompts: {} }, ["prompts"]],
    [{ resources: {} }, ["resources"]],
    [{ resourceTemplates: {}, tools: {} }, ["tools", "resources"]],
    [{}, []],
  ] as const) {
    lazy.onDiffers(member, { lists } as unknown as ServerChange);
    expect(onChange).toHaveBeenLastCalledWith(kinds);
  }
  lazy.onDiffers(member, undefined);
  expect(onChange).toHaveBeenCalledTimes(5);
  await lazy.settled();
});

it("a lazy server that differs while its lists are read has them read once more", async () => {
  const { lazy, member, listTools, open, files } = kept();
  expect(lazy.keeping(member)).toBeUndefined();
  for (let i = 0; i < 3; i++) lazy.onDiffers(member, undefined);
  expect([listTools.mock.calls.length, files()]).toEqual([1, 0]);
  const first = lazy.keeping(member);
  open();
  await first;
  await lazy.settled();
  expect([listTools.mock.calls.length, files(), lazy.keeping(member)]).toEqual([2, 1, undefined]);
  lazy.onDiffers(member, undefined);
  await lazy.settled();
  expect(listTools).toHaveBeenCalledTimes(3);
});

it("nothing is kept of a server that is not lazy, or is lost", async () => {
  const eager = kept();
  Object.assign(eager.member.server, { isLazy: undefined });
  eager.lazy.onDiffers(eager.member, { lists: { tools: {} } } as unknown as ServerChange);
  expect([
    eager.lazy.keeping(eager.member),
    eager.onChange.mock.calls,
    eager.lazy.known(eager.member.server),
  ]).toEqual([undefined, [], undefined]);
  const lost = kept({ session: undefined });
  lost.lazy.onDiffers(lost.member, undefined);
  await lost.lazy.settled();
  const failing = kept();
  failing.listTools.mockRejectedValue(new Error("lost"));
  failing.lazy.onDiffers(failing.member, undefined);
  await failing.lazy.settled();
  expect([lost.files(), failing.files()]).toEqual([0, 0]);
  Object.assign(failing.transport.status, { state: "connected" });
  expect(failing.lazy.known(failing.member.server)).toBeUndefined();
});
