// What a call costs `holdfast serve`, and a minimal relay on the SDK's packages: CPU of the gateway's process alone, in turns.
// node bench/hop.mjs [--calls 300] [--rounds 15]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { option } from "./options.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const calls = option("--calls", 300);
const rounds = option("--rounds", 15);
const server = [process.execPath, here("./echo-server.mjs"), "stdio"];
const GATEWAYS = {
  relay: [here("./relay.mjs"), ...server],
  serve: [here("../dist/bundle/cli.js"), "serve", "--http", "127.0.0.1:0", "--", ...server],
};

/** Milliseconds of CPU, from the system: a tick is ten of them. */
function cpuOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const [user, system] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13)
    .map(Number);
  return (user + system) * 10;
}

async function gateway(args) {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  for await (const line of createInterface({ input: child.stderr })) {
    const [, url] = /^serving (\S+)/.exec(line) ?? [];
    if (url === undefined) continue;
    const client = new Client({ name: "bench", version: "1" }, { versionNegotiation: { mode: "legacy" } });
    await client.connect(new StreamableHTTPClientTransport(new URL(url)));
    await client.listTools();
    const close = async () => {
      await client.close();
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    };
    child.stderr.resume();
    return { pid: child.pid, client, close };
  }
  throw new Error(`${args[0]} ended`);
}

/** CPU of the gateway for one call, in microseconds. */
async function cost({ pid, client }, width) {
  const before = cpuOf(pid);
  let left = calls;
  const worker = async () => {
    while (left-- > 0) await client.callTool({ name: "echo", arguments: { message: "hello" } });
  };
  await Promise.all(Array.from({ length: width }, worker));
  return ((cpuOf(pid) - before) / calls) * 1000;
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
console.log(`CPU of a call in the gateway's process, µs; ${rounds} rounds of ${calls} calls, in turns\n`);
for (const width of [1, 32]) {
  const [relay, serve] = [await gateway(GATEWAYS.relay), await gateway(GATEWAYS.serve)];
  const all = { relay: [], serve: [] };
  for (let round = -3; round < rounds; round++) {
    for (const [name, one] of Object.entries(round % 2 ? { relay, serve } : { serve, relay })) {
      const value = await cost(one, width);
      if (round >= 0) all[name].push(value);
    }
  }
  const [a, b] = [median(all.relay), median(all.serve)];
  console.log(
    `${width} wide: relay ${a.toFixed(0)}, serve ${b.toFixed(0)}, ratio ${(b / a).toFixed(2)} (at most 1.3)`,
  );
  await relay.close();
  await serve.close();
}
process.exit(0);
