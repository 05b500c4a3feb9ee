import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";

const bundle = (file = "") => fileURLToPath(new URL(`../../dist/bundle/${file}`, import.meta.url));

/** What a program prints that calls `made` where the peer is not installed. */
function without(peer: string, entry: string, call: string): string {
  const program = `
    const modules = require("node:module");
    const resolve = modules._resolveFilename;
    modules._resolveFilename = function (name, ...more) {
      if (name === ${JSON.stringify(peer)})
        throw Object.assign(new Error("Cannot find module"), { code: "MODULE_NOT_FOUND" });
      return resolve.call(this, name, ...more);
    };
    import(${JSON.stringify(pathToFileURL(bundle(entry)).href)}).then((all) => {
      try {
        all.${call}([]);
      } catch ({ code, message }) {
        console.log(code, message);
      }
    });`;
  return execFileSync(process.execPath, ["-e", program], { encoding: "utf8" }).trim();
}

const PEERS = [
  { entry: "otel.js", call: "otel", peer: "@opentelemetry/api" },
  { entry: "metrics.js", call: "metrics", peer: "prom-client" },
];

describe.each(PEERS)("$entry without $peer", ({ entry, call, peer }) => {
  it("says what to install", () => {
    expect(without(peer, entry, call)).toBe(
      `CONFIG_INVALID ${call}() needs the package ${peer}, which is not installed. Run: npm install ${peer}`,
    );
  });

  it("is not imported by any file that is shipped", () => {
    const importing = readdirSync(bundle())
      .filter((file) => file.endsWith(".js"))
      .filter((file) => readFileSync(bundle(file), "utf8").includes(`from "${peer}"`));
    expect(importing).toEqual([]);
  });
});
