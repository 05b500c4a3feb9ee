// One server of `npm run hostile`, over stdio in the legacy era: honest, or hostile in the way that its first argument says.
import { createInterface } from "node:readline";

const kind = process.argv[2];
const TOOL = { name: "echo", inputSchema: { type: "object" } };
const text = (said) => ({ content: [{ type: "text", text: said }] });
const ESCAPES = "\u001b]52;c;aGk=\u0007\u001b[2J\u202e\u200b";

let draining = false;
/** True as long as the pipe takes more. Whoever does not read us must not fill this process. */
const write = (message) => {
  draining = !process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  return !draining;
};
process.stdout.on("drain", () => {
  draining = false;
});

/** As much as the pipe takes, a thousand at a time, so that what is asked is still answered. */
function flood(make) {
  let id = 0;
  setInterval(() => {
    for (let i = 0; i < 1_000 && !draining; i++) write(make(id++));
  }, 20);
}

const wide = Object.fromEntries(
  Array.from({ length: 20_000 }, (_, i) => [`p${i}`, { type: "string", minLength: 1, pattern: "^(a+)+$" }]),
);
const frozen = { type: "object", properties: { a: { type: "string", pattern: "^(a+)+$" } } };

const KINDS = {
  honest: {},
  pings: { start: () => flood((id) => ({ id: `ping-${id}`, method: "ping" })) },
  questions: {
    start: () =>
      flood((id) => ({
        id: `ask-${id}`,
        method: "sampling/createMessage",
        params: { messages: [], maxTokens: 1 },
      })),
  },
  storms: {
    start: () =>
      flood((id) =>
        id % 2
          ? { method: "notifications/tools/list_changed" }
          : { method: "notifications/message", params: { level: "error", data: ESCAPES.repeat(50) } },
      ),
  },
  schemas: {
    tools: () => [
      { ...TOOL, outputSchema: Math.random() < 0.5 ? frozen : { type: "object", properties: wide } },
    ],
    call: () => ({ content: [], structuredContent: { a: `${"a".repeat(40)}!` } }),
  },
  endless: {
    // A line that never ends. The wire gives it up, the server is started again, and does it again.
    call: () => {
      const more = () => {
        while (process.stdout.write("x".repeat(64 * 1024))) {}
        process.stdout.once("drain", more);
      };
      process.stdout.write('{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"');
      more();
    },
  },
  escapes: {
    call: () => text(`${ESCAPES.repeat(100_000)}`),
    start: () => setInterval(() => process.stderr.write(ESCAPES.repeat(1_000)), 5),
  },
};
const { tools = () => [TOOL], call = (params) => text(String(params.arguments?.n)), start } = KINDS[kind];

const ANSWERS = {
  initialize: () => ({
    protocolVersion: "2025-11-25",
    capabilities: { tools: { listChanged: true }, logging: {} },
    serverInfo: { name: kind, version: "1" },
  }),
  ping: () => ({}),
  "logging/setLevel": () => ({}),
  "tools/list": () => ({ tools: tools() }),
  "tools/call": (params) => call(params),
};

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === "notifications/initialized") start?.();
  if (id === undefined || method === undefined) return;
  const result = ANSWERS[method]?.(params ?? {});
  if (result) write({ id, result });
});
process.stdin.on("end", () => process.exit());
