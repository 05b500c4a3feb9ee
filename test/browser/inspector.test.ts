import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, it, onTestFinished } from "vitest";
import { MCPConfigTransport } from "../../src/composite/config-transport.js";
import { createInspector, type Inspector, type InspectorOptions } from "../../src/inspect/index.js";
import { showRecording } from "../../src/inspect/inspector.js";
import { fromRecording } from "../../src/inspect/recorder.js";
import { FakeServer, inject } from "../../src/testing/index.js";
import { StreamableHttpTransport } from "../../src/transports/http.js";
import { StdioTransport } from "../../src/transports/stdio.js";
import type { ClientTransport } from "../../src/transports/transport.js";
import { everything } from "../support/everything.js";
import { closing, fixture, stdioFixture, until } from "../support/fixtures.js";
import { httpServer } from "../support/http-server.js";
import { describeWith } from "../support/peers.js";
import { withBrowser } from "./browser.js";

async function inspecting(transports: ClientTransport[], options: InspectorOptions = {}): Promise<Inspector> {
  const inspector = await createInspector({ ...options, transports });
  onTestFinished(() => inspector.close());
  return inspector;
}

const lit = (page: Page) => page.locator(".server").first().getAttribute("data-state");
/** Waits until the row shows the state. */
const shows = (page: Page, state: string) => page.locator(`.server[data-state="${state}"]`).first().waitFor();

describeWith(["chromium"], "the inspector's page", () => {
  const open = withBrowser();

  it("shows each state as it happens", async () => {
    const server = new FakeServer();
    const transport = closing(
      server.transport({ reconnect: { initial: true, baseMs: 60_000, capMs: 60_000 }, name: "fake" }),
    );
    // It opens and closes when the test says so.
    let go = () => {};
    server.on("initialize", async () => {
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      return { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: { name: "slow", version: "7" } };
    });
    const { url } = await inspecting([transport]);
    await open(url, async (page) => {
      await shows(page, "idle");
      const opening = transport.connect();
      await shows(page, "connecting");
      expect(await page.locator(".state").first().textContent()).toContain("opening");
      go();
      await opening;
      await shows(page, "connected");
      expect(await page.locator(".who").first().textContent()).toContain("slow 7");
      await server.drop();
      // The first retry is at once, and its handshake waits.
      await shows(page, "connecting");
      inject(transport, { attempts: [{ opens: "refused" }] });
      await server.drop();
      await page.locator(".server.waiting").waitFor();
      expect(await page.locator(".state").first().textContent()).toMatch(
        /^next try in [\d.]+ s, attempt \d$/,
      );
      expect(await page.locator(".why").first().textContent()).not.toBe("");
      await transport.close();
      await shows(page, "closed");
    });
  });

  it("shows a server that is killed, and how it comes back", async () => {
    const transport = closing(
      new StdioTransport({ command: process.execPath, args: [everything, "stdio"], name: "everything" }),
    );
    const { url } = await inspecting([transport]);
    await open(url, async (page) => {
      const session = await transport.connectSession();
      await session.callTool({ name: "echo", arguments: { message: "hi" } });
      await shows(page, "connected");
      const pid = transport.status.pid!;
      expect(await page.locator(".who").first().textContent()).toContain(`pid ${pid}`);
      process.kill(pid, "SIGKILL");
      await until(() => transport.status.pid !== undefined && transport.status.pid !== pid);
      await page.locator(".who", { hasText: `pid ${transport.status.pid}` }).waitFor();
      await page.locator("#events li", { hasText: "killed by SIGKILL" }).first().waitFor();
      await page.locator(".server").first().click();
      // Said by both processes, one after the other.
      await page.locator("#stderr li", { hasText: /2×.*Starting default \(STDIO\) server/ }).waitFor();
      expect(await page.locator(".numbers").first().textContent()).toMatch(/^[\d.]+\/s · [\d.]+ ms/);
      if (process.env["HOLDFAST_WRITE"]) await page.screenshot({ path: "docs/inspector-one.png" });
    });
  });

  it("shows what went before, when it is opened late", async () => {
    const transport = closing(new FakeServer().transport({ name: "early" }));
    const { url } = await inspecting([transport]);
    await transport.withSession((session) => session.ping());
    await open(url, async (page) => {
      await page.locator("#events li", { hasText: "connecting.opening → connected.steady" }).waitFor();
      expect(await lit(page)).toBe("idle");
    });
  });

  it("shows a fleet of thirty, finds one, and follows the config", async () => {
    const server = { command: process.execPath, args: [fixture("small-server.mjs")] };
    const names = Array.from({ length: 30 }, (_, i) => `server-${String(i).padStart(2, "0")}`);
    const config = (list: string[]) => ({
      mcpServers: Object.fromEntries(list.map((name) => [name, server])),
    });
    const transport = closing(new MCPConfigTransport({ config: config(names), name: "fleet" }));
    const { url } = await inspecting([transport]);
    await open(url, async (page) => {
      await transport.connectSession();
      // The config stands for its servers, and is not counted beside them.
      await page.locator("#sum", { hasText: /^30 ok$/ }).waitFor({ timeout: 60_000 });
      process.kill(transport.server("server-07").status.pid!, "SIGKILL");
      await page.locator("#events li", { hasText: "SIGKILL" }).first().waitFor();
      await page.locator("#filter").fill("server-07");
      await expect.poll(() => page.locator(".server:visible").count()).toBe(1);
      await page.locator("#filter").fill("");
      await transport.setConfig(config(names.slice(1)));
      await page.locator(".server.gone", { hasText: "server-00" }).waitFor();
      if (process.env["HOLDFAST_WRITE"]) await page.screenshot({ path: "docs/inspector-fleet.png" });
    });
  }, 600_000);

  it("has buttons that work, and that can be turned off", async () => {
    const { transport } = stdioFixture({ reconnect: { baseMs: 36_000_000, capMs: 36_000_000 } });
    const { url } = await inspecting([transport], { allowStop: true });
    const quiet = await inspecting([transport], { controls: false });
    const careful = await inspecting([transport]);
    await open(url, async (page) => {
      await transport.connect();
      await shows(page, "connected");
      await page.locator(".server").click();
      const button = (name: string) => page.locator(`#detail button.${name}`);
      await button("pause").click();
      await page.locator("button.pause", { hasText: "go on" }).waitFor();
      // The line itself says so: nobody looks for a fault that is none.
      await page
        .locator('.server.stopped[data-group="stopped"]', { hasText: "stopped on this page" })
        .waitFor();
      await expect(transport.withSession((session) => session.ping({ timeout: 300 }))).rejects.toThrow();
      await button("pause").click();
      await page.locator("button.pause", { hasText: "stop process" }).waitFor();
      await button("reconnect").click();
      await until(() => transport.status.epoch === 2 && transport.status.state === "connected");
      // The second attempt in a row without a connection that held: it waits.
      process.kill(transport.status.pid!, "SIGKILL");
      await page.locator(".state", { hasText: /next try in [1-9]/ }).waitFor();
      await button("retry").click();
      await until(() => transport.status.state === "connected");
      await button("disconnect").click();
      await until(() => transport.status.state === "idle");
      await shows(page, "idle");
    });
    await open(quiet.url, async (page) => {
      await shows(page, "idle");
      await page.locator(".server").click();
      expect(await page.locator("#detail .buttons button").count()).toBe(0);
      expect(await page.locator("button.load").count()).toBe(0);
    });
    await open(careful.url, async (page) => {
      await page.locator(".server").click();
      await page.locator("#detail button.reconnect").waitFor();
      expect(await page.locator("button.pause").count()).toBe(0);
    });
    for (const [path, body] of [
      ["command", { id: "c1", action: "pause" }],
      ["call", { id: "c1", tool: "look" }],
    ] as const) {
      const headers = { "content-type": "application/json" };
      const no = await fetch(`${careful.url}${path}`, {
        method: "POST",
        headers,
        body: JSON.stringify(body),
      });
      expect(no.status).toBeGreaterThanOrEqual(400);
      await no.text();
    }
    const refused = await fetch(`${quiet.url}command`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ id: "c1", action: "disconnect" }),
    });
    expect(refused.status).toBe(403);
    await refused.text();
  });

  it("shows what is broken first, and counts that filter", async () => {
    const fine = closing(new FakeServer().transport({ name: "fine" }));
    const broken = closing(new StdioTransport({ command: "no-such-command-anywhere", name: "broken" }));
    const idle = closing(new FakeServer().transport({ name: "unused" }));
    await fine.connect();
    await expect(broken.connect()).rejects.toThrow();
    const { url } = await inspecting([fine, idle, broken]);
    await open(url, async (page) => {
      await page.locator("#sum", { hasText: "1 misconfigured1 ok1 known" }).waitFor();
      const tops = async () => {
        const boxes = await Promise.all(
          ["broken", "fine", "unused"].map((name) =>
            page.locator(".server", { hasText: name }).boundingBox(),
          ),
        );
        return boxes.map((box) => box!.y * 10_000 + box!.x);
      };
      const [first, second, third] = await tops();
      expect(first! < second! && second! < third!).toBe(true);
      await page.locator(".server .why", { hasText: "no-such-command-anywhere" }).waitFor();
      await page.locator('.count[data-group="ok"]').click();
      await expect.poll(() => page.locator(".server:visible").allTextContents()).toHaveLength(1);
      expect(await page.locator(".server:visible .name").textContent()).toBe("fine");
      await page.locator('.count[data-group="ok"]').click();
      await expect.poll(() => page.locator(".server:visible").count()).toBe(3);
      await page.keyboard.press("?");
      await page.locator("#help", { hasText: "another server" }).waitFor();
      await page.keyboard.press("?");
      await expect.poll(() => page.locator("#help").isVisible()).toBe(false);
    });
  });

  it("shows what a server offers, and calls a tool that only reads from a form of its schema", async () => {
    const { transport } = stdioFixture({ server: "golden-server.mjs" });
    const { url } = await inspecting([transport], { allowCalls: true });
    const quiet = await inspecting([transport]);
    await transport.connect();
    await open(url, async (page) => {
      await shows(page, "connected");
      await page.locator(".server").click();
      await page.locator("button.load").click();
      await page.locator(".offered li", { hasText: "note://one" }).waitFor();
      await page.locator(".offers input[type=search]").fill("say");
      await expect.poll(() => page.locator(".offered li").count()).toBe(1);
      expect(await page.locator(".offered code").textContent()).toBe("echo(message, times?, style?)");
      await page.locator("button.call").click();
      await page.getByLabel("message").fill("from the page");
      await page.getByLabel("times").fill("2");
      await page.locator(".offered form button").click();
      await page.locator("pre.result", { hasText: "Echo: from the page\\nEcho: from the page" }).waitFor();
      await page.locator("#requests li", { hasText: "tools/call echo" }).waitFor();
      // It does not say that it only reads.
      await page.locator(".offers input[type=search]").fill("fail");
      await page.locator(".offered li", { hasText: "fail()" }).waitFor();
      expect(await page.locator("button.call").count()).toBe(0);
    });
    const post = async (to: string, tool: string) => {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ id: JSON.parse(quiet.recording().split("\n")[1]!).id, tool });
      const response = await fetch(`${to}call`, { method: "POST", headers, body });
      return `${response.status} ${await response.text()}`;
    };
    expect(await post(url, "fail")).toContain('400 "fail" is no tool that says that it only reads');
    expect(await post(quiet.url, "echo")).toBe("403 calls are turned off");
  });

  it("shows no secret: not in the page, not in the stream, not in a recording", async () => {
    const server = await httpServer();
    const remote = closing(
      new StreamableHttpTransport({
        url: `${server.url.replace("http://", "http://user:canary-password@")}?key=canary-query`,
        headers: { "x-key": "canary-header" },
        auth: "canary-token",
      }),
    );
    const { transport: local } = stdioFixture({ env: { FIXTURE_TOKEN: "canary-environment" } });
    const inspector = await inspecting([remote, local]);
    await open(inspector.url, async (page) => {
      const sessions = await Promise.all([remote.connectSession(), local.connectSession()]);
      for (const session of sessions)
        await session.callTool({ name: "echo", arguments: { message: "canary-argument" } });
      await server.stop();
      await until(() => remote.status.recovering);
      await page.locator("#calls").check();
      await page.locator(".server").first().click();
      await page.locator("#events li", { hasText: "echo: answered" }).first().waitFor();
      const stream = await fetch(`${inspector.url}recording.jsonl`).then((response) => response.text());
      expect(stream).toContain("request.settled");
      for (const text of [await page.content(), stream, inspector.recording()])
        expect(text).not.toMatch(/canary/);
    });
  });

  it("says when the program is gone, can stand still, and is used by keys", async () => {
    const transport = closing(new FakeServer().transport({ name: "keys" }));
    const inspector = await createInspector({ transports: [transport] });
    // The browser says itself that the stream broke off.
    const refusals = /net::ERR_/;
    const use = async (page: Page) => {
      await shows(page, "idle");
      await page.keyboard.press("p");
      expect(await page.locator("#pause").getAttribute("aria-pressed")).toBe("true");
      await page.keyboard.press("-");
      await page.locator("#span", { hasText: "1 min" }).waitFor();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.locator("#detail-name", { hasText: "keys" }).waitFor();
      await page.keyboard.press("Escape");
      await expect.poll(() => page.locator("#detail").isVisible()).toBe(false);
      await page.keyboard.press("/");
      await page.keyboard.type("nobody");
      await expect.poll(() => page.locator(".server:visible").count()).toBe(0);
      await inspector.close();
      await page.locator("#link.stale", { hasText: "the program is gone" }).waitFor();
    };
    await open(inspector.url, use, refusals);
  });

  it("plays a recording, up to any moment of it", async () => {
    const transport = closing(new FakeServer().transport({ name: "recorded" }));
    const inspector = await inspecting([transport]);
    await transport.withSession((session) => session.ping());
    await transport.waitFor("idle");
    const directory = mkdtempSync(join(tmpdir(), "holdfast-recording-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    writeFileSync(join(directory, "a.jsonl"), inspector.recording());
    const page = await showRecording("a.jsonl", fromRecording(inspector.recording()));
    onTestFinished(() => page.close());
    await open(page.url, async (shown) => {
      await shows(shown, "idle");
      expect(await shown.locator("#link").textContent()).toBe("recording: a.jsonl");
      expect(await shown.locator(".server button").count()).toBe(0);
      await shown.locator("#cursor").fill("0");
      await expect.poll(() => shown.locator("#events li").count()).toBeLessThan(4);
      await shown.locator("#cursor").fill("1000");
      await shown.locator("#events li", { hasText: "connected.steady" }).first().waitFor();
    });
  });

  it("fits a phone, in the dark", async () => {
    const transport = closing(new FakeServer().transport({ name: "phone" }));
    const { url } = await inspecting([transport]);
    await open(url, async (page) => {
      await page.setViewportSize({ width: 360, height: 740 });
      await page.emulateMedia({ colorScheme: "dark" });
      await shows(page, "idle");
      const width = await page.evaluate(
        () =>
          (globalThis as never as { document: { documentElement: { scrollWidth: number } } }).document
            .documentElement.scrollWidth,
      );
      expect(width).toBeLessThanOrEqual(360);
    });
  });
});
