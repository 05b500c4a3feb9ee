import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = new URL("../../", import.meta.url).pathname;
const text = readFileSync(join(root, "docs/architecture.md"), "utf8");
const sources = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
  .join("\n");
const named = [...text.matchAll(/`([^`\n]+)`/g)].map(([, name]) => name!);

describe("docs/architecture.md", () => {
  it("names every room that there is, and no other", () => {
    const rooms = readdirSync(join(root, "src"), { withFileTypes: true }).filter((e) => e.isDirectory());
    const table = text.slice(text.indexOf("## Rooms"), text.indexOf("## Ports"));
    const listed = table
      .split("\n")
      .filter((line) => line.startsWith("| `"))
      .flatMap((line) => [...line.split("|")[1]!.matchAll(/`([a-z]+)\/`/g)].map(([, room]) => room!));
    expect(listed.sort()).toEqual(rooms.map(({ name }) => name).sort());
  });

  it("names files that there are", () => {
    const files = named.filter((name) => /^[a-z-]+(\/[a-z-]+)*(\.ts|\/)$/.test(name) && name !== "src/");
    expect(files.length).toBeGreaterThan(40);
    const inRoom = (name: string) =>
      ["", ...["auth", "cli"]].some((room) => existsSync(join(root, "src", room, name)));
    expect(files.filter((name) => !inRoom(name))).toEqual([]);
  });

  it("names code that there is", () => {
    const code = named.filter((name) => /^[A-Z]\w+$|^[a-z]+[A-Z]\w+$/.test(name));
    expect(code.length).toBeGreaterThan(8);
    expect(code.filter((name) => !new RegExp(`\\b${name}\\b`).test(sources))).toEqual([]);
  });

  it("names in its drawings classes that there are", () => {
    const boxes = [...text.matchAll(/participant \w+ as (\w+)$/gm)].map(([, name]) => name!);
    const ours = boxes.filter((name) => /[a-z][A-Z]|^(Guard|Wire|Attempts|Gateway|Connection)$/.test(name));
    expect(ours.length).toBeGreaterThan(8);
    expect(ours.filter((name) => !new RegExp(`\\b${name}\\b`).test(sources))).toEqual([]);
  });
});
