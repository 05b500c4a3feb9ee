import { run } from "./loop.mjs";

const { createRuntime } = await import(
  new URL("../.peers/node_modules/mcporter/dist/index.js", import.meta.url).href
);

await run(async ({ kind, url, command, args }) => {
  if (kind === "ws") throw new Error("no WebSocket");
  const spec =
    kind === "stdio"
      ? { kind: "stdio", command, args, cwd: process.cwd() }
      : { kind: "http", url: new URL(url) };
  const quiet = { info() {}, warn() {}, error() {}, debug() {} };
  const runtime = await createRuntime({ servers: [{ name: "s", command: spec }], logger: quiet });
  return {
    call: async () => {
      const result = await runtime.callTool("s", "echo", { args: { message: "x" } });
      if (result?.isError) throw new Error("not answered");
    },
    close: () => runtime.close(),
  };
});
