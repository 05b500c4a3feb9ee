import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { NpxStdioTransport } from "../../src/transports/npx.js";
import { UvxStdioTransport } from "../../src/transports/uvx.js";
import { closing, textOf } from "../support/fixtures.js";
import { describeWith } from "../support/peers.js";

const SLOW = 120_000;

describeWith(["uvx"], "a server that uvx fetches", () => {
  it(
    "tells the time (mcp-server-time)",
    async () => {
      const transport = closing(new UvxStdioTransport({ toolName: "mcp-server-time" }));
      await transport.withSession(async (session) => {
        const result = await session.callTool({
          name: "get_current_time",
          arguments: { timezone: "Europe/London" },
        });
        expect(JSON.parse(textOf(result))).toMatchObject({ timezone: "Europe/London" });
      });
    },
    SLOW,
  );

  it(
    "reads a repository (mcp-server-git)",
    async () => {
      const transport = closing(
        new UvxStdioTransport({ toolName: "mcp-server-git", projectDirectory: process.cwd() }),
      );
      await transport.withSession(async (session) => {
        const result = await session.callTool({
          name: "git_log",
          arguments: { repo_path: ".", max_count: 1 },
        });
        expect(textOf(result)).toMatch(/Commit/i);
      });
    },
    SLOW,
  );
});

describeWith(["npx"], "a server that npx fetches", () => {
  const scratch = () => {
    const directory = mkdtempSync(join(tmpdir(), "holdfast-npx-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    return directory;
  };

  it(
    "reads a directory (@modelcontextprotocol/server-filesystem)",
    async () => {
      const directory = scratch();
      writeFileSync(join(directory, "note.txt"), "kept");
      const transport = closing(
        new NpxStdioTransport({ package: "@modelcontextprotocol/server-filesystem", args: [directory] }),
      );
      await transport.withSession(async (session) => {
        const path = join(directory, "note.txt");
        expect(textOf(await session.callTool({ name: "read_text_file", arguments: { path } }))).toBe("kept");
      });
    },
    SLOW,
  );

  it(
    "remembers (@modelcontextprotocol/server-memory)",
    async () => {
      const env = { MEMORY_FILE_PATH: join(scratch(), "memory.jsonl") };
      const transport = closing(
        new NpxStdioTransport({ package: "@modelcontextprotocol/server-memory", env }),
      );
      await transport.withSession(async (session) => {
        const entities = [{ name: "Ada", entityType: "person", observations: ["counts"] }];
        await session.callTool({ name: "create_entities", arguments: { entities } });
        expect(textOf(await session.callTool({ name: "read_graph" }))).toContain("counts");
      });
    },
    SLOW,
  );
});
