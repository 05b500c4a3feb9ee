import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, expect, it } from "vitest";
import { describeWith } from "../support/peers.js";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const folder = realpathSync(mkdtempSync(join(tmpdir(), "holdfast-wrapped-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const servers = {
  everything: { command: "npx", args: ["-y", "@modelcontextprotocol/server-everything"] },
  filesystem: { command: "npx", args: ["-y", "@modelcontextprotocol/server-filesystem", folder] },
  memory: {
    command: "npx",
    args: ["-y", "@modelcontextprotocol/server-memory"],
    env: { MEMORY_FILE_PATH: join(folder, "memory.jsonl") },
  },
  time: { command: "uvx", args: ["mcp-server-time", "--local-timezone=Europe/Berlin"] },
};

/** A tool that each has. */
const TOOL: Record<keyof typeof servers, string> = {
  everything: "echo",
  filesystem: "read_text_file",
  memory: "create_entities",
  time: "get_current_time",
};

describeWith(["npx", "uvx"], "the official reference servers, behind holdfast", () => {
  const path = join(folder, "mcp.json");
  writeFileSync(path, JSON.stringify({ mcpServers: servers }));
  const env = { ...process.env, UV_NO_PROGRESS: "1" } as Record<string, string>;

  // A host of the SDK starts what stands in the file; the first start fetches a package.
  it.each(Object.entries(TOOL))("%s answers", { timeout: 600_000 }, async (name, tool) => {
    const wrapped = spawnSync(process.execPath, [main, "wrap", path, "--server", name, "--yes"], {
      encoding: "utf8",
    });
    expect(wrapped).toMatchObject({ status: 0 });
    const entry = JSON.parse(readFileSync(path, "utf8")).mcpServers[name];
    expect(entry.args).toContain("--wrapped");
    const client = new Client({ name: "host", version: "1.0.0" });
    const own = entry.env as Record<string, string> | undefined;
    await client.connect(new StdioClientTransport({ ...entry, env: { ...env, ...own }, stderr: "ignore" }), {
      timeout: 590_000,
    });
    try {
      const { tools } = await client.listTools({}, { timeout: 590_000 });
      expect(tools.map((one) => one.name)).toContain(tool);
    } finally {
      await client.close();
    }
  });
});
