import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { MCPConfigTransport } from "../../src/index.js";
import { createInspector } from "../../src/inspect/index.js";
import { type Metrics, metrics } from "../../src/metrics/index.js";
import { serve } from "../../src/serve/index.js";
import { closing, fixture, rejection, stdioFixture } from "../support/fixtures.js";

const ending = (counted: Metrics) => {
  onTestFinished(() => counted.close());
  return counted;
};
/** The lines of one metric. */
const linesOf = (text: string, name: string) =>
  text.split("\n").filter((line) => line.startsWith(`${name}{`));
const get = (url: string | URL, headers: Record<string, string> = {}) =>
  fetch(url, { headers: { connection: "close", ...headers } });

describe("the metrics of a transport", () => {
  it("say how it is, and count what happened to it", async () => {
    const { transport } = stdioFixture();
    const counted = ending(metrics(transport));
    expect(await counted.text()).toContain('holdfast_up{server="fixture",config=""} 0');
    await transport.withSession(async (session) => {
      await session.callTool({ name: "echo", arguments: { message: "x" } });
      process.kill(transport.status.pid!, "SIGKILL");
      await session.listTools();
      await session.callTool({ name: "no-such-tool", arguments: {} });
      const text = await counted.text();
      expect(linesOf(text, "holdfast_up")).toEqual(['holdfast_up{server="fixture",config=""} 1']);
      expect(linesOf(text, "holdfast_attempts_total")).toEqual([
        'holdfast_attempts_total{server="fixture",config=""} 2',
      ]);
      expect(linesOf(text, "holdfast_reconnects_total")).toEqual([
        'holdfast_reconnects_total{server="fixture",config="",cause="wire.lost"} 1',
      ]);
      expect(text).toContain('method="tools/call",outcome="answered"} 1');
      expect(text).toContain('method="tools/call",outcome="refused"} 1');
      expect(text).toContain('holdfast_connection_state{server="fixture",config="",state="connected"} 1');
      expect(text).toContain('holdfast_health{server="fixture",config="",health="ok"} 1');
      expect(text).toContain('holdfast_health{server="fixture",config="",health="crashing"} 0');
      expect(text).toContain('holdfast_sessions{server="fixture",config=""} 1');
      expect(text).toMatch(
        /mcp_client_operation_duration_seconds_count\{.*mcp_method_name="tools\/call"\} 2/,
      );
      expect(text).toMatch(/mcp_client_session_duration_seconds_count\{server="fixture",config=""\} 1/);
    });
  });

  it("are those of a config's servers, each once, with the health of all", async () => {
    const good = { command: process.execPath, args: [fixture("stdio-server.mjs")] };
    const config = { mcpServers: { good, bad: { ...good, args: ["-e", "process.exit(1)"] } } };
    const transport = closing(new MCPConfigTransport({ name: "all", config }));
    const counted = ending(metrics(transport));
    await transport.withSession(async (session) => {
      await session.callTool({ name: "good_echo", arguments: { message: "x" } });
      const text = await counted.text();
      expect(linesOf(text, "holdfast_up")).toEqual([
        'holdfast_up{server="good",config="all"} 1',
        'holdfast_up{server="bad",config="all"} 0',
      ]);
      expect(text).toContain('holdfast_fleet_health{config="all",health="degraded"} 1');
      const calls = linesOf(text, "holdfast_calls_total").filter((line) => line.includes("tools/call"));
      expect(calls).toEqual([
        'holdfast_calls_total{server="good",config="all",method="tools/call",outcome="answered"} 1',
      ]);
      await transport.setConfig({ mcpServers: { good, more: good } });
      expect(linesOf(await counted.text(), "holdfast_up").map((line) => line.split(",")[0])).toEqual([
        'holdfast_up{server="good"',
        'holdfast_up{server="more"',
      ]);
    });
  });

  it("are one series for all methods that the protocol does not have", async () => {
    const { transport } = stdioFixture();
    const counted = ending(metrics(transport));
    await transport.withSession(async (session) => {
      for (const method of ["x/one", "x/two"])
        await rejection(session.request({ method }, z.looseObject({})));
      const calls = linesOf(await counted.text(), "holdfast_calls_total");
      expect(calls.filter((line) => line.includes('method="other"'))).toEqual([
        'holdfast_calls_total{server="fixture",config="",method="other",outcome="refused"} 2',
      ]);
    });
  });

  it("are given out by serve to who has its token, and by the inspector's page", async () => {
    const { transport } = stdioFixture();
    const serving = await serve(transport, { http: { token: "open-sesame" } });
    onTestFinished(() => serving.close());
    const url = new URL("/metrics", serving.url);
    expect((await get(url)).status).toBe(401);
    const answer = await get(url, { authorization: "Bearer open-sesame" });
    expect(answer.headers.get("content-type")).toMatch(/^text\/plain; version=/);
    expect(await answer.text()).toContain('holdfast_up{server="fixture",config=""} 0');
    const inspector = await createInspector({ transports: [transport] });
    onTestFinished(() => inspector.close());
    expect(await (await get(`${inspector.url}metrics`)).text()).toContain("holdfast_attempts_total");
  });
});
