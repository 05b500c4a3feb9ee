// What a stopped server costs its siblings: two composites of 20 servers, one server of the second stopped (SIGSTOP), the
// same calls and lists to both in turns. The machine's speed drifts, and both drift with it; quote the ratio.
import { fileURLToPath } from "node:url";
import { MCPConfigTransport } from "../dist/index.js";
import { option } from "./options.mjs";

const small = fileURLToPath(new URL("../test/fixtures/small-server.mjs", import.meta.url));
const names = Array.from({ length: 20 }, (_, i) => `s${i}`);
const [stopped, ...siblings] = names;
const seconds = option("--seconds", 30);

async function open() {
  const servers = names.map((name) => [name, { command: process.execPath, args: [small], era: "legacy" }]);
  const transport = new MCPConfigTransport({
    config: { mcpServers: Object.fromEntries(servers) },
    startTimeoutMs: 120_000,
  });
  const client = await transport.connectSession();
  await transport.waitFor("connected", { servers: "all" });
  await client.listTools();
  return { transport, client, calls: [], lists: [] };
}

const timed = async (into, work) => {
  const startedAt = performance.now();
  await work();
  into.push(performance.now() - startedAt);
};
const at = (values, part) => [...values].sort((a, b) => a - b)[Math.ceil(values.length * part) - 1];

/** Stops the server, and each one that is started in its place. */
async function keepStopped({ transport, client }) {
  const pids = new Set();
  const stop = async () => {
    const { content } = await client.callTool({ name: `${stopped}_pid`, arguments: {} });
    pids.add(Number(content[0].text));
    process.kill(Number(content[0].text), "SIGSTOP");
  };
  await stop();
  transport.server(stopped).subscribe((status, event) => {
    if (event.type === "transition" && status.state === "connected" && event.to === "connected.ready")
      stop().catch(() => {});
  });
  return pids;
}

const pair = [await open(), await open()];
const pids = await keepStopped(pair[1]);
const until = performance.now() + seconds * 1000;
const calling = async () => {
  for (let turn = 0; performance.now() < until; turn++)
    for (const side of turn % 2 === 0 ? pair : pair.toReversed()) {
      const name = `${siblings[turn % siblings.length]}_pid`;
      await timed(side.calls, () => side.client.callTool({ name, arguments: {} }));
    }
};
const listing = async (side) => {
  while (performance.now() < until) {
    await timed(side.lists, () => side.client.listTools());
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
};
await Promise.all([calling(), ...pair.map(listing)]);

const figure = (value) => `${value.toFixed(2)} ms`.padStart(12);
console.log(`${seconds} s, 20 servers; calls to siblings and lists of all\n`);
console.log("                 calls         p50         p99   lists         p50       worst");
for (const [i, { calls, lists }] of pair.entries())
  console.log(
    (i === 0 ? "all run" : "one stopped").padEnd(14),
    String(calls.length).padStart(7),
    figure(at(calls, 0.5)),
    figure(at(calls, 0.99)),
    String(lists.length).padStart(5),
    figure(at(lists, 0.5)),
    figure(at(lists, 1)),
  );
const [base, hurt] = pair.map(({ calls }) => at(calls, 0.99));
console.log(
  `\np99 ratio ${(hurt / base).toFixed(2)}; health ${pair[1].transport.health}; stopped ${pids.size} process(es)`,
);
for (const pid of pids) {
  try {
    process.kill(pid, "SIGCONT");
  } catch {
    // It was ended meanwhile.
  }
}
await Promise.all(pair.map(({ transport }) => transport.close()));
