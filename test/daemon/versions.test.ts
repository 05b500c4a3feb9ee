import { execFile } from "node:child_process";
import { cpSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { VERSION } from "../../src/base/version.js";
import { PROTOCOL } from "../../src/daemon/hello.js";
import { fixture, lives, until } from "../support/fixtures.js";
import { SharedWorld } from "../support/shared.js";
import { temporary } from "../support/temporary.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The program as it would be in another version, which may speak to daemons in another way. */
function mainOf(version: string, protocol = PROTOCOL): string {
  const folder = temporary();
  for (const name of ["dist", "package.json"])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const path of readdirSync(join(folder, "dist"), { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(".js")) continue;
    const file = join(folder, "dist", path);
    const text = readFileSync(file, "utf8");
    const changed = text
      .replaceAll(`"${VERSION}"`, `"${version}"`)
      .replace(`PROTOCOL = ${PROTOCOL};`, `PROTOCOL = ${protocol};`);
    if (changed !== text) writeFileSync(file, changed);
  }
  return join(folder, "dist/cli/main.js");
}

/** A world of one server that keeps a journal. */
function journalled() {
  const world = new SharedWorld({});
  const journal = join(world.directory, "journal");
  const env = { JOURNAL: journal };
  world.write({
    one: { command: process.execPath, args: [fixture("journal-server.mjs")], cwd: "/tmp", env },
  });
  const notes = (word: string) =>
    readFileSync(journal, "utf8")
      .split("\n")
      .filter((line) => line.startsWith(word));
  return { world, notes };
}

describe("a host with a newer holdfast", () => {
  it("takes the daemon over: what runs is answered, sessions go on, nothing is done twice", async () => {
    const { world, notes } = journalled();
    const old = world.host();
    await old.initialize({ elicitation: {} });
    await old.request("tools/list");
    const asked = old.call("ask");
    await until(() => old.heard.length > 0);
    const [before] = world.daemons();
    const newer = world.host([], { main: mainOf("99.0.0") });
    const greeted = newer.initialize();
    // The daemon waits for the answer of the call that runs.
    await until(() => world.manifests().length === 0);
    old.send({ id: old.heard[0]!.id, result: { action: "decline" } });
    expect(JSON.parse(await asked)).toEqual({ action: "decline" });
    expect((await greeted).error).toBeUndefined();
    await until(() => !lives(before!));
    expect(world.manifests()).toMatchObject([{ version: "99.0.0", restarts: 0 }]);
    // The older shim is served by the newer daemon.
    expect(await old.call("write", { name: "old" })).toBe("written");
    expect(await newer.call("write", { name: "new" })).toBe("written");
    expect([notes("ask"), notes("write")]).toEqual([["ask"], ["write old", "write new"]]);
    expect(world.daemons()).toHaveLength(1);
    expect(world.manifests()).toMatchObject([{ version: "99.0.0" }]);
  });

  it("ends a daemon that hangs while it hands over, and comes to its server", async () => {
    const { world } = journalled();
    const old = world.host();
    await old.initialize();
    const stuck = old.call("stuck");
    const [before] = world.daemons();
    const newer = world.host([], { main: mainOf("99.0.0") });
    const greeted = newer.initialize();
    await until(() => world.manifests().length === 0);
    process.kill(before!, "SIGSTOP");
    expect((await greeted).error).toBeUndefined();
    expect(JSON.parse(await stuck)).toMatchObject({ outcome: "unknown" });
    expect(lives(before!)).toBe(false);
    expect(await newer.call("pid")).toMatch(/^\d+$/);
    expect(world.manifests()).toMatchObject([{ version: "99.0.0" }]);
  });

  it("that speaks to daemons in another way is refused with both versions, and can end the older one", async () => {
    const { world } = journalled();
    const old = world.host();
    await old.initialize();
    const [before] = world.daemons();
    const main = mainOf("99.0.0", PROTOCOL + 1);
    const newer = world.host([], { main });
    const { error } = await newer.initialize();
    expect(error.message).toBe(
      `mcp.json: the daemon of process ${before} is of holdfast ${VERSION}, and this is 99.0.0: they cannot speak to each other; end it with: holdfast stop`,
    );
    const stopped = promisify(execFile)(process.execPath, [main, "stop"], { env: world.env });
    expect((await stopped).stderr).toBe(`${world.config}: ended\n`);
    await until(() => !lives(before!));
    expect((await newer.initialize()).error).toBeUndefined();
    expect((await old.request("tools/list")).error.message).toContain("cannot speak to each other");
  });
});
