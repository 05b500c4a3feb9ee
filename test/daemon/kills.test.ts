import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { fixture } from "../support/fixtures.js";
import { SharedWorld } from "../support/shared.js";

const soak = fileURLToPath(new URL("../../scripts/soak-shared.mjs", import.meta.url));

it("kills by chance: nothing is done twice, nothing is left, and the socket can be used again", () => {
  const env = { ...process.env, ROUNDS: "20", HOSTS: "4", TIMES: "shown" };
  const { status, stdout, stderr } = spawnSync(process.execPath, [soak], { env, encoding: "utf8" });
  console.log(stdout);
  expect(status, `${stdout}${stderr}`).toBe(0);
});

const hasOthers = process.getuid?.() === 0 && existsSync("/usr/bin/setpriv");

describe.runIf(hasOthers)("another user of the machine", () => {
  const NOBODY = ["--reuid=65534", "--regid=65534", "--clear-groups", "--"];
  const asNobody = (env: Record<string, string>, ...args: string[]) =>
    spawnSync("/usr/bin/setpriv", [...NOBODY, process.execPath, ...args], {
      env,
      encoding: "utf8",
      input: "",
    });

  it("can neither connect, nor replace the socket, nor make the daemon start anything", async () => {
    const server = { command: process.execPath, args: [fixture("journal-server.mjs")], cwd: "/tmp" };
    const world = new SharedWorld({ a: server });
    const host = world.host();
    await host.initialize();
    // What is above the run directory may be everybody's to look into.
    for (const path of [world.directory, world.run]) chmodSync(path, 0o755);
    const { socket, pid } = world.manifests()[0]!;
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    const connecting = `require("net").connect(${JSON.stringify(socket)}).on("error", (e) => console.log(e.code)).on("connect", () => console.log("in"))`;
    expect(asNobody({}, "-e", connecting).stdout.trim()).toBe("EACCES");
    for (const doing of ["unlinkSync(path)", "renameSync(path, path + 1)", "writeFileSync(path, '')"]) {
      const script = `const path = ${JSON.stringify(socket)}; try { require("fs").${doing}; console.log("done") } catch (e) { console.log(e.code) }`;
      expect(asNobody({}, "-e", script).stdout.trim()).toBe("EACCES");
    }
    expect(() => process.kill(pid, 0)).not.toThrow();
    expect(await host.call("pid")).toMatch(/^\d+$/);
  });

  it("cannot lay a run directory for us: it is refused, and nothing is started", async () => {
    const server = { command: process.execPath, args: [fixture("journal-server.mjs")], cwd: "/tmp" };
    const world = new SharedWorld({ a: server });
    execFileSync("mkdir", ["-p", "-m", "777", world.run]);
    execFileSync("chmod", ["777", world.run]);
    chmodSync(world.directory, 0o755);
    const laying = `require("fs").mkdirSync(${JSON.stringify(join(world.run, "holdfast"))}, { mode: 0o700 })`;
    expect(asNobody({}, "-e", laying).status).toBe(0);
    const { error } = await world.host().initialize();
    expect(error.message).toContain("it belongs to another user (uid 65534)");
    expect(world.daemons()).toEqual([]);
  });
});
