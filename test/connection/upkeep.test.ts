import type { Client } from "@modelcontextprotocol/client";
import { describe, expect, it, vi } from "vitest";
import { CurrentEpoch } from "../../src/connection/current-epoch.js";
import { Upkeep, type UpkeepHost } from "../../src/connection/upkeep.js";
import { DIFFERENCES } from "../../src/contract/protocol.js";
import type { Ready } from "../../src/session/ports.js";
import { ManualClock } from "../support/manual-clock.js";
import { quiet } from "../support/settling.js";

/** A connection whose server offers what a test says, and knows the tool "old" already. */
function rig() {
  const offered = { tools: [{ name: "old" }], prompts: [{ name: "p" }] };
  const listTools = vi.fn(async (_params: undefined, _options: object) => ({ tools: offered.tools }));
  const client = {
    getServerVersion: () => ({ name: "fake", version: "1" }),
    getServerCapabilities: () => ({ tools: {}, prompts: {} }),
    listTools,
    listPrompts: async () => ({ prompts: offered.prompts }),
  } as unknown as Client;
  const current = new CurrentEpoch();
  const participants = { adopt: vi.fn(), deliver: vi.fn(), report: vi.fn(), stream: { stop: vi.fn() } };
  const host = {
    clock: new ManualClock(),
    heartbeatMs: Number.POSITIVE_INFINITY,
    compareMs: 700,
    probeTimeoutMs: 5_000,
    current,
    participants: participants as never,
    doubt: vi.fn(),
    steady: () => true,
    heard: vi.fn(),
    onChange: vi.fn(),
  } satisfies UpkeepHost;
  const upkeep = new Upkeep(host);
  const begins = (epoch: number) => {
    const ready = { epoch, client, guard: { received: 0, wire: {} } } as unknown as Ready;
    current.open(ready);
    current.begin();
    return ready;
  };
  const note = () => upkeep.lists.note("tools/list", { tools: offered.tools });
  return { ...participants, ...host, offered, listTools, upkeep, begins, note };
}

const changed = (kind: string, differences?: object) => ({
  jsonrpc: "2.0",
  method: `notifications/${kind}/list_changed`,
  ...(differences && { params: { _meta: { [DIFFERENCES]: differences } } }),
});
const added = (name: string) => ({ added: [name], removed: [], changed: [] });

describe("a server that was reached again", () => {
  it("is adopted, and told of where it offers other things than before", async () => {
    const { upkeep, begins, note, adopt, deliver, onChange, offered, listTools } = rig();
    const first = begins(1);
    upkeep.start(first);
    note();
    await quiet();
    expect(adopt).toHaveBeenCalledExactlyOnceWith(first);
    expect(onChange).not.toHaveBeenCalled();
    offered.tools.push({ name: "new" });
    upkeep.start(begins(2));
    await quiet();
    const lists = { tools: added("new") };
    expect(onChange).toHaveBeenCalledExactlyOnceWith({ lists }, 2);
    expect(deliver).toHaveBeenCalledExactlyOnceWith(changed("tools", lists));
    expect(listTools.mock.calls[0]![1]).toMatchObject({ timeout: 700 });
  });

  it("is told of no more once it is lost again, whether it answered or not", async () => {
    const { upkeep, begins, note, deliver, onChange, offered, listTools, report, current } = rig();
    upkeep.start(begins(1));
    note();
    await quiet();
    offered.tools.push({ name: "new" });
    upkeep.start(begins(2));
    current.end();
    await quiet();
    listTools.mockRejectedValueOnce(new Error("lost"));
    upkeep.start(begins(3));
    current.end();
    await quiet();
    for (const heard of [onChange, deliver, report]) expect(heard).not.toHaveBeenCalled();
    listTools.mockRejectedValueOnce("odd");
    upkeep.start(begins(4));
    await quiet();
    expect(report).toHaveBeenCalledExactlyOnceWith(expect.any(Error));
  });

  it("is compared where something may have been missed, of its own epoch only", async () => {
    const { upkeep, begins, note, onChange, offered } = rig();
    upkeep.missed(1);
    upkeep.start(begins(1));
    note();
    await quiet();
    offered.tools.push({ name: "new" });
    upkeep.missed(2);
    await quiet();
    expect(onChange).not.toHaveBeenCalled();
    upkeep.missed(1);
    await quiet();
    expect(onChange).toHaveBeenCalledExactlyOnceWith({ lists: { tools: added("new") } }, 1);
  });
});

describe("a list that a server says has changed", () => {
  it("is read again; the sessions hear how it differs, and the status of it", async () => {
    const { upkeep, begins, note, deliver, onChange, offered, listTools } = rig();
    begins(5);
    note();
    offered.tools.push({ name: "new" });
    expect(upkeep.listChanged("notifications/tools/list_changed")).toBe(true);
    await quiet();
    const lists = { tools: added("new") };
    expect(onChange).toHaveBeenCalledExactlyOnceWith({ lists }, 5);
    expect(deliver).toHaveBeenCalledExactlyOnceWith(changed("tools", lists));
    expect(listTools.mock.calls[0]![1]).toMatchObject({ timeout: 700 });
  });

  it("and did not is no change, and heard of all the same", async () => {
    const { upkeep, begins, note, deliver, onChange } = rig();
    begins(5);
    note();
    upkeep.listChanged("notifications/tools/list_changed");
    await quiet();
    expect(onChange).not.toHaveBeenCalled();
    expect(deliver).toHaveBeenCalledExactlyOnceWith(changed("tools", {}));
  });

  it("is told on as it is where nobody read it, or there is no connection", async () => {
    const { upkeep, begins, note, deliver, listTools, current } = rig();
    begins(5);
    upkeep.listChanged("notifications/prompts/list_changed");
    await quiet();
    note();
    current.end();
    upkeep.listChanged("notifications/tools/list_changed");
    await quiet();
    expect(deliver.mock.calls).toEqual([[changed("prompts")], [changed("tools")]]);
    expect(listTools).not.toHaveBeenCalled();
    expect(upkeep.listChanged("notifications/message")).toBe(false);
  });

  it("is a change too where somebody happened to read it again", () => {
    const { begins, note, onChange, offered } = rig();
    note();
    offered.tools = [{ name: "other" }];
    note();
    const lists = { tools: { added: ["other"], removed: ["old"], changed: [] } };
    expect(onChange).toHaveBeenCalledExactlyOnceWith({ lists }, 0);
    begins(6);
    offered.tools = [{ name: "old" }];
    note();
    expect(onChange).toHaveBeenLastCalledWith(
      { lists: { tools: { added: ["old"], removed: ["other"], changed: [] } } },
      6,
    );
  });
});

describe("the end of a connection", () => {
  it("ends the stream, the watch and the heartbeat", async () => {
    const { upkeep, begins, note, stream, clock, deliver } = rig();
    upkeep.start(begins(1));
    note();
    upkeep.listChanged("notifications/tools/list_changed");
    upkeep.stop();
    await quiet();
    expect(stream.stop).toHaveBeenCalledTimes(1);
    expect(deliver).not.toHaveBeenCalled();
    expect(clock.waits).toEqual([]);
  });
});
