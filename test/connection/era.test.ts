import { describe, expect, it } from "vitest";
import { StdioTransport } from "../../src/transports/stdio.js";
import { closing, fixture, recorded, stdioFixture, textOf, until } from "../support/fixtures.js";
import { describeWith } from "../support/peers.js";

const modern = (quirk = "") =>
  stdioFixture({ server: "modern-server.mjs", era: "auto", env: { FIXTURE_QUIRK: quirk } });

describe("the protocol era", () => {
  it("is modern where the server speaks it, with a listen stream, logs and a ping in its words", async () => {
    const { transport } = modern();
    const logs: unknown[] = [];
    const changes: string[] = [];
    const session = await transport.connectSession({
      onLog: ({ data }) => logs.push(data),
      onListChanged: ({ kind }) => changes.push(kind),
    });
    expect(transport.status).toMatchObject({
      era: "modern",
      protocolVersion: "2026-07-28",
      server: { name: "modern-fixture" },
    });
    await session.ping();
    await session.setLoggingLevel("info");
    await session.callTool({ name: "log" });
    await until(() => logs.length === 1);
    await session.callTool({ name: "grow" });
    await until(() => changes.includes("tools"));
    await session.subscribeResource({ uri: "note://one" });
    expect(transport.status.inFlight).toBe(0);
  });

  it("stays modern after a crash, and the listen stream comes back", async () => {
    const { transport } = modern();
    const changes: string[] = [];
    const session = await transport.connectSession({ onListChanged: ({ kind }) => changes.push(kind) });
    process.kill(transport.status.pid!, "SIGKILL");
    await transport.waitFor("connecting");
    expect(textOf(await session.callTool({ name: "echo", arguments: { message: "x" } }))).toBe("Echo: x");
    expect(session.getProtocolEra()).toBe("modern");
    await until(async () => {
      await session.callTool({ name: "grow" });
      return changes.length > 0;
    });
  });

  for (const [quirk, epochs] of [
    ["dies", 1],
    ["hangs", 1],
    ["loose", 1],
  ] as const) {
    it(`is legacy, without the user noticing, where the server ${quirk} on the probe`, async () => {
      const { transport, did } = modern(quirk);
      const events = recorded(transport);
      await transport.withSession(async (session) => {
        expect(textOf(await session.callTool({ name: "echo", arguments: { message: "x" } }))).toBe("Echo: x");
        expect(session.getProtocolEra()).toBe("legacy");
      });
      expect(transport.status.epoch).toBe(epochs);
      expect(events.filter((e) => e.type === "transition" && e.to === "connecting.waiting")).toEqual([]);
      // Known from now on: the next attempt does not ask again.
      await transport.disconnect();
      await transport.withSession((session) => session.ping());
      expect(did()).toEqual(["discover"]);
    });
  }

  it("can be fixed to one", async () => {
    const legacy = stdioFixture({ server: "modern-server.mjs", era: "legacy" }).transport;
    await legacy.withSession((session) => expect(session.getProtocolEra()).toBe("legacy"));
  });
});

describeWith(["fastmcp"], "a server of both eras that begins too late for the probe", () => {
  it("is legacy, in the same attempt, on a process that was asked nothing before", async () => {
    const command = `sleep 3.5; exec python3 ${fixture("python-server.py")}`;
    const transport = closing(
      new StdioTransport({ command: "sh", args: ["-c", command], connectTimeoutMs: 20_000 }),
    );
    // The probe waits three seconds.
    await transport.withSession((session) => expect(session.getProtocolEra()).toBe("legacy"));
    expect(transport.status.epoch).toBe(1);
  });
});
