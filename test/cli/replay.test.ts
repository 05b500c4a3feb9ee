import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { StdioTransport } from "../../src/transports/stdio.js";
import { closing, fixture, rejection, textOf } from "../support/fixtures.js";
import { temporary } from "../support/temporary.js";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const exec = promisify(execFile);
const holdfast = (...args: string[]) => exec(process.execPath, [main, ...args]);
const server = fixture("small-server.mjs");

describe("holdfast --record and replay", () => {
  it("records a run of any command, which then needs no server", async () => {
    const record = join(temporary(), "run.jsonl");
    const live = await holdfast("tools", "--json", "--record", record, "--", process.execPath, server);
    expect(await holdfast("tools", "--json", record)).toMatchObject({ stdout: live.stdout });
    const { stdout } = await holdfast("status", "--json", record);
    expect(JSON.parse(stdout)).toMatchObject({ kind: "recording", state: "connected" });
  });

  it("shows the status of one that has no list of something", async () => {
    const record = join(temporary(), "run.jsonl");
    await holdfast("tools", "--record", record, "--", process.execPath, fixture("golden-server.mjs"));
    const { stdout } = await holdfast("status", record);
    expect(stdout).toMatch(/ {2}4 tools\n {2}no resources: .*has no resources\/list.*\n {2}no prompts: /);
    const status = JSON.parse((await holdfast("status", "--json", record)).stdout);
    expect(status).toMatchObject({ state: "connected", tools: 4 });
    expect(status).not.toHaveProperty("resources");
  });

  it("plays it on stdin and stdout, for a config or any client", async () => {
    const directory = temporary();
    const record = join(directory, "run.jsonl");
    const [tool] = JSON.parse((await holdfast("tools", "--json", server)).stdout);
    const live = await holdfast("call", "--record", record, server, tool.name);
    const transport = closing(
      new StdioTransport({ command: process.execPath, args: [main, "replay", "--verbose", record] }),
    );
    const session = await transport.connectSession();
    // The server answers with the id of its process, so only a recording can say it again.
    expect(textOf(await session.callTool({ name: tool.name, arguments: {} }))).toBe(live.stdout.trimEnd());
    expect(String(await rejection(session.callTool({ name: tool.name, arguments: { other: 1 } })))).toMatch(
      /run\.jsonl has no tools\/call of .* with \{"other":1\}; it has \{\}/,
    );
  });

  it("records a config as the one server that it shows", async () => {
    const directory = temporary();
    const record = join(directory, "run.jsonl");
    const config = join(directory, "mcp.json");
    const entry = { command: process.execPath, args: [server] };
    writeFileSync(config, JSON.stringify({ mcpServers: { a: entry, b: entry } }));
    const live = await holdfast("tools", "--json", "--record", record, config);
    expect(JSON.parse(live.stdout).map(({ name }: { name: string }) => name.slice(0, 2))).toContain("b_");
    const appeared = readFileSync(record, "utf8").match(/"type":"appeared"/g);
    expect(appeared).toHaveLength(1);
    expect(await holdfast("tools", "--json", record)).toMatchObject({ stdout: live.stdout });
  });

  it.each([["one server"], ["two servers"]])("holds no secret of a config with %s", async (many) => {
    const directory = temporary();
    const record = join(directory, "run.jsonl");
    const config = join(directory, "mcp.json");
    const secret = "tok-93hf83hf9283hf";
    const entry = {
      command: process.execPath,
      args: [fixture("stdio-server.mjs")],
      env: { API_TOKEN: secret },
    };
    const servers = many === "one server" ? { a: entry } : { a: entry, b: { ...entry, env: {} } };
    writeFileSync(config, JSON.stringify({ mcpServers: servers }));
    const tool = many === "one server" ? "echo" : "a_echo";
    const { stdout } = await holdfast("call", config, tool, `message=${secret}`, "--record", record);
    expect(stdout).toContain(secret);
    expect(readFileSync(record, "utf8")).toContain("Echo: [redacted]");
    expect(readFileSync(record, "utf8")).not.toContain(secret);
  });

  it("says what a file lacks that cannot be played", async () => {
    const record = join(temporary(), "run.jsonl");
    writeFileSync(record, '{"type":"recording","version":1}\n');
    await expect(holdfast("replay", record)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("it has events and no messages; record a run with --record FILE"),
    });
  });
});
