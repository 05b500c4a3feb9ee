import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { MCPConfigTransport } from "../../src/index.js";
import { metrics } from "../../src/metrics/index.js";
import { serve } from "../../src/serve/index.js";
import { freePort } from "../support/everything.js";
import { closing, rejection, stdioFixture } from "../support/fixtures.js";
import { describeWith } from "../support/peers.js";
import { temporary } from "../support/temporary.js";

const RULES = fileURLToPath(new URL("../../examples/prometheus/alerts.yml", import.meta.url));

/** A real Prometheus that asks `target` five times a second, with the alert rules, which here wait for nothing. */
async function prometheus(target: URL): Promise<URL> {
  const directory = temporary();
  const rules = join(directory, "alerts.yml");
  writeFileSync(rules, readFileSync(RULES, "utf8").replaceAll(/for: \w+/g, "for: 0s"));
  const config = {
    global: { scrape_interval: "200ms", scrape_timeout: "200ms", evaluation_interval: "200ms" },
    rule_files: [rules],
    scrape_configs: [{ job_name: "holdfast", static_configs: [{ targets: [target.host] }] }],
  };
  const file = join(directory, "prometheus.yml");
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config));
  const port = await freePort();
  const listens = `--web.listen-address=127.0.0.1:${port}`;
  const args = [`--config.file=${file}`, `--storage.tsdb.path=${join(directory, "data")}`, listens];
  const child = spawn("prometheus", args, { stdio: "ignore" });
  const exited = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  return new URL(`http://127.0.0.1:${port}`);
}

/** The names of the alerts that fire now. */
async function firing(url: URL): Promise<string[]> {
  const answer = await fetch(new URL("/api/v1/alerts", url), { headers: { connection: "close" } }).catch(
    () => {},
  );
  if (!answer?.ok) return [];
  const { data } = (await answer.json()) as {
    data: { alerts: { state: string; labels: { alertname: string } }[] };
  };
  return data.alerts.filter(({ state }) => state === "firing").map(({ labels }) => labels.alertname);
}

describeWith(["prometheus", "promtool"], "what Prometheus makes of the metrics", () => {
  it("finds them well formed, and the rules", async () => {
    const { transport } = stdioFixture();
    const counted = metrics(transport);
    onTestFinished(() => counted.close());
    await transport.withSession((session) => session.listTools());
    const input = await counted.text();
    expect(execFileSync("promtool", ["check", "metrics"], { input, encoding: "utf8" })).toBe("");
    expect(execFileSync("promtool", ["check", "rules", RULES], { encoding: "utf8" })).toContain("SUCCESS");
  });

  it("raises an alert for a fleet of which nothing is left", async () => {
    const dead = { command: process.execPath, args: ["-e", "process.exit(1)"] };
    const transport = closing(
      new MCPConfigTransport({ name: "all", config: { mcpServers: { a: dead, b: dead } } }),
    );
    const serving = await serve(transport, { http: {} });
    onTestFinished(() => serving.close());
    await rejection(transport.connect());
    const url = await prometheus(new URL(serving.url!));
    await expect.poll(() => firing(url)).toContain("HoldfastFleetDead");
    const alive = stdioFixture();
    const other = await serve(alive.transport, { http: {} });
    onTestFinished(() => other.close());
    await alive.transport.connect();
    const quiet = await prometheus(new URL(other.url!));
    const scraped = async () => {
      const answer = await fetch(new URL("/api/v1/query?query=holdfast_up", quiet), {
        headers: { connection: "close" },
      }).catch(() => {});
      return answer?.ok ? ((await answer.json()) as { data: { result: unknown[] } }).data.result.length : 0;
    };
    await expect.poll(scraped).toBe(1);
    expect(await firing(quiet)).toEqual([]);
  });
});
