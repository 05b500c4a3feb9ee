// Calls of each client in turns, in one process: what one costs, and how many there are in a second. Prints JSON.
import { clients, SERVERS, startServer } from "./clients.mjs";
import { argument } from "./options.mjs";
import { race } from "./race.mjs";
import { memoryServer } from "./smallest-server.mjs";
import { CALL } from "./targets.mjs";

const stdio = (file) => ({ command: process.execPath, args: [file, "stdio"] });
const ROWS = [
  { name: "memory", kind: "memory", widths: [1, 32] },
  { name: "stdio", kind: "stdio", widths: [1, 32] },
  { name: "stdio, server of the SDK", kind: "stdio", file: SERVERS.sdk, widths: [1, 32] },
  { name: "stdio, 4 MB results", kind: "stdio", widths: [1], size: 4_000_000 },
  { name: "HTTP", kind: "http", path: "/mcp", widths: [1, 32] },
  { name: "HTTP, answers in streams", kind: "http", path: "/stream", widths: [32] },
  { name: "HTTP, server of the SDK", kind: "http", file: SERVERS.sdk, path: "/mcp", widths: [1, 32] },
  { name: "HTTP, modern era", kind: "modern", path: "/modern", widths: [1, 32] },
  { name: "HTTP, 4 MB results", kind: "http", path: "/mcp", widths: [1], size: 4_000_000 },
  { name: "SSE", kind: "sse", path: "/sse", widths: [1, 32] },
  { name: "WebSocket", kind: "ws", path: "/", widths: [1, 32] },
];

async function measure({ name, kind, file = SERVERS.smallest, path, widths, size }) {
  const network = path && (await startServer(file, kind === "modern" ? "http" : kind));
  const target = () =>
    network
      ? `${kind === "ws" ? "ws" : "http"}://127.0.0.1:${network.port}${path}`
      : kind === "memory"
        ? memoryServer()
        : stdio(file);
  const opened = {};
  for (const [side, open] of Object.entries(clients[kind])) opened[side] = await open(target());
  const args = size ? { name: "big", arguments: { size } } : CALL;
  const calls = Object.fromEntries(
    Object.entries(opened).map(([side, { client }]) => [side, () => client.callTool(args)]),
  );
  const figures = [];
  for (const width of widths) figures.push({ name, width, ...(await race(calls, width)) });
  await Promise.all(Object.values(opened).map((one) => one.close().catch(() => {})));
  network?.stop();
  return figures;
}

// The SDK's HTTP clients warn of listeners at this speed.
process.removeAllListeners("warning");
process.on("warning", () => {});
const only = argument("--rows")?.split(";");
const seen = [];
for (const row of ROWS) if (!only || only.includes(row.name)) seen.push(...(await measure(row)));
console.log(JSON.stringify(seen));
process.exit(0);
