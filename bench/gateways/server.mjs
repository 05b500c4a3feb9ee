// The server behind each gateway: it stays in a call until it is killed, the first time. node server.mjs LOG [PORT]
// LOG gets a line for each start and each call. With PORT over HTTP, in the legacy era; SIGUSR2: it forgets its sessions.
import { appendFileSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { McpServer } from "@modelcontextprotocol/server";
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { legacyHttp } from "../legacy-http.mjs";

const [log, port] = process.argv.slice(2);
const note = (line) => appendFileSync(log, `${line} ${process.pid}\n`);
const calls = (name) =>
  readFileSync(log, "utf8")
    .split("\n")
    .filter((line) => line.startsWith(`${name} `)).length;

function make() {
  const server = new McpServer({ name: "behind", version: "1.0.0" });
  const said = (text) => ({ content: [{ type: "text", text }] });
  const readOnly = { annotations: { readOnlyHint: true } };
  server.registerTool("ping", readOnly, () => said("pong"));
  for (const [name, config] of [
    ["read", readOnly],
    ["write", {}],
  ])
    server.registerTool(name, config, async () => {
      note(name);
      if (calls(name) === 1) await new Promise(() => {});
      return said("pong");
    });
  return server;
}

note("start");
// It goes on without its client, as many do: who starts it has to end it.
setInterval(() => {}, 60_000);
if (port === undefined) await make().connect(new StdioServerTransport());
else {
  const { sessions, handler } = legacyHttp(make);
  process.on("SIGUSR2", () => {
    sessions.clear();
    note("forgot");
  });
  createServer(handler).listen(Number(port), "127.0.0.1", () => console.log("listening"));
}
