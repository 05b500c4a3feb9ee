import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { fixture } from "./fixtures.js";

const tool = (name: string, description: string) => ({
  name,
  description,
  inputSchema: { type: "object", properties: { city: { type: "string" } } },
});

/** No bound of a composite is what these tests are about, however slow the machine is. */
export const UNHURRIED = { connectTimeoutMs: 500_000, startTimeoutMs: 400_000, listWaitMs: 400_000 };

/** What each server offers at first. */
const offer = () => ({
  version: "1",
  tools: [tool("look", "Looks."), tool("find", "Finds.")],
  prompts: [{ name: "greet", description: "Greets." }],
  resources: [
    { uri: "note://a", name: "a", size: 1, annotations: { lastModified: "2026-01-01T00:00:00Z" } },
    { uri: "note://b", name: "b" },
  ],
  resourceTemplates: [{ uriTemplate: "day://{day}", name: "day" }],
});
type Offered = ReturnType<typeof offer>;

/** A config file with two servers that offer what a test says, when it says so. */
export function offeringConfig(more: object = {}, rules: object = {}) {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-offering-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = (server: string) => join(directory, `offer-${server}`);
  const entry = (server: string) => ({
    command: process.execPath,
    args: [fixture("offering-server.mjs"), file(server)],
    era: "legacy",
    ...rules,
  });
  const path = join(directory, "mcp.json");
  const write = (all: object) =>
    writeFileSync(path, JSON.stringify({ mcpServers: { one: entry("one"), two: entry("two") }, ...all }));
  write(more);
  for (const server of ["one", "two"]) writeFileSync(file(server), JSON.stringify(offer()));
  return {
    path,
    lock: join(directory, "mcp.lock.json"),
    write,
    change(server: string, change: (offered: Offered) => void) {
      const offered: Offered = JSON.parse(readFileSync(file(server), "utf8"));
      change(offered);
      writeFileSync(file(server), JSON.stringify(offered));
    },
    /** What a server was asked, in order. */
    asked: (server: string): string[] =>
      readFileSync(`${file(server)}.log`, "utf8")
        .trim()
        .split("\n"),
  };
}

/** The lock of what both servers offer at first. */
export function lockedOffer(): Record<string, object> {
  const { version: _, ...lists } = offer();
  const by = (items: object[], key: string) =>
    Object.fromEntries(items.map((item) => [(item as Record<string, string>)[key], item]));
  const one = {
    tools: by(lists.tools, "name"),
    prompts: by(lists.prompts, "name"),
    resources: by([{ uri: "note://a", name: "a" }, lists.resources[1]!], "uri"),
    resourceTemplates: by(lists.resourceTemplates, "uriTemplate"),
  };
  return { one, two: one };
}
