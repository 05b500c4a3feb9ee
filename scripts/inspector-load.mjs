// The inspector's page under load: 300 connections, 100 events a second in total, in a real browser.
// node scripts/inspector-load.mjs [--minutes 10] [--servers 300] [--report FILE]
import { existsSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { createInspector } from "../dist/inspect/index.js";
import { FakeServer } from "../dist/testing/index.js";
import { median } from "./soak/census.mjs";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    servers: { type: "string", default: "300" },
    report: { type: "string" },
  },
});
const minutes = Number(values.minutes);
const servers = Number(values.servers);
const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path));

const transports = Array.from({ length: servers }, (_, i) => {
  const server = new FakeServer([{ name: "say" }]).on("tools/call", () => ({ content: [] }));
  return {
    server,
    transport: server.transport({ name: `server-${i}`, reconnect: { baseMs: 200, capMs: 5_000 } }),
  };
});
const inspector = await createInspector({ transports: transports.map(({ transport }) => transport) });
const sessions = await Promise.all(transports.map(({ transport }) => transport.connectSession()));
let events = 0;
inspector.onEvent(() => events++);

// Two events for each call, a handful for each loss; one loss a second.
let running = true;
async function load() {
  let next = 0;
  let lossAt = 0;
  const began = Date.now();
  while (running) {
    await pause(20);
    const due = ((Date.now() - began) / 1000) * 100;
    if (Date.now() - lossAt > 1_000) {
      lossAt = Date.now();
      void transports[next % servers].server.drop();
    }
    while (events < due) {
      next++;
      await sessions[(next * 7) % servers].callTool({ name: "say" }).catch(() => {});
    }
  }
}

const browser = await chromium.launch({ ...(executablePath && { executablePath }), args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
const cdp = await page.context().newCDPSession(page);
await cdp.send("Performance.enable");
await page.goto(inspector.url);
await page.locator("#sum", { hasText: `${servers} ok` }).waitFor();
await page.evaluate(() => {
  globalThis.frames_ = 0;
  const count = () => {
    globalThis.frames_++;
    requestAnimationFrame(count);
  };
  requestAnimationFrame(count);
});
const loading = load();

const samples = [];
const until = Date.now() + minutes * 60_000;
let last = { at: performance.now(), frames: 0, events };
while (Date.now() < until) {
  await pause(Math.min(10_000, until - Date.now()));
  await cdp.send("HeapProfiler.collectGarbage");
  const frames = await page.evaluate(() => globalThis.frames_);
  const { metrics } = await cdp.send("Performance.getMetrics");
  const at = performance.now();
  const seconds = (at - last.at) / 1000;
  const sample = {
    fps: (frames - last.frames) / seconds,
    events: (events - last.events) / seconds,
    heap: metrics.find(({ name }) => name === "JSHeapUsedSize").value / 2 ** 20,
    nodes: metrics.find(({ name }) => name === "Nodes").value,
  };
  last = { at, frames, events };
  samples.push(sample);
  console.error(
    `${sample.fps.toFixed(0)} frames/s, ${sample.events.toFixed(0)} events/s, heap ${sample.heap.toFixed(1)} MB, ${sample.nodes} nodes`,
  );
}
running = false;
await loading;
await browser.close();
for (const { transport } of transports) await transport.close();
await inspector.close();

const fps = samples.map((sample) => sample.fps);
const quarter = Math.max(1, Math.floor(samples.length / 4));
const early = median(samples.slice(quarter, quarter * 2).map(({ heap }) => heap));
const late = median(samples.slice(-quarter).map(({ heap }) => heap));
const report = `${servers} servers, ${median(samples.map((sample) => sample.events)).toFixed(0)} events/s, ${minutes} minutes: \
${median(fps).toFixed(0)} frames/s in the median, ${Math.min(...fps).toFixed(0)} in the worst ten seconds; \
the page's live memory ${early.toFixed(1)} MB in the second quarter, ${late.toFixed(1)} MB in the last`;
console.log(report);
if (values.report) writeFileSync(values.report, `${report}\n`);
