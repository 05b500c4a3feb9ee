import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const SRC = new URL("../../src/", import.meta.url).pathname;

/** What each folder may import besides itself and the files of `src` without a folder. Type imports point both ways. */
const ORDER = [
  "machines",
  "base",
  "contract",
  "wires auth config",
  "session",
  "connection",
  "transports",
  "composite",
  "infer inspect testing",
  "cli",
];
const ARROWS: Record<string, string[]> = Object.fromEntries(
  ORDER.flatMap((rooms, i) => rooms.split(" ").map((room) => [room, ORDER.slice(0, i).join(" ").split(" ")])),
);

function imports(folder: string): { file: string; from: string }[] {
  return readdirSync(join(SRC, folder))
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => {
      const text = readFileSync(join(SRC, folder, name), "utf8");
      const values = text.matchAll(/^import (?!type)[^;]*?from "([^"]+)";/gms);
      return [...values]
        .filter(([whole]) => !/^import \{(\s*type [^,}]+,?)+\s*\}/.test(whole))
        .map(([, from]) => ({ file: name, from: from! }));
    });
}

describe("the layout", () => {
  it("has no Node, no SDK and no transport in src/machines", () => {
    const outside = imports("machines").filter(
      ({ from }) => !/^xstate(\/graph)?$/.test(from) && !from.startsWith("./"),
    );
    expect(outside).toEqual([]);
  });

  it("has arrows that point one way", () => {
    const folders = readdirSync(SRC, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map((entry) => entry.name).sort()).toEqual(Object.keys(ARROWS).sort());
    for (const [folder, allowed] of Object.entries(ARROWS)) {
      const wrong = imports(folder).filter(({ from }) => {
        const [, target] = /^\.\.\/([a-z]+)\//.exec(from) ?? [];
        return target !== undefined && !allowed.includes(target);
      });
      expect(wrong, folder).toEqual([]);
    }
  });
});

describe("the machines", () => {
  it.each([
    ["a connection", () => import("../../src/machines/connection.js")],
    ["a member", () => import("../../src/machines/member.js")],
    ["a fleet", () => import("../../src/machines/fleet.js")],
  ])("have charts that XState takes: %s", (_what, load) => expect(load()).resolves.toBeDefined());
});
