import { execFileSync, spawnSync } from "node:child_process";
import { describe, expect, it, onTestFinished } from "vitest";
import { fixture, until } from "../support/fixtures.js";
import { MAIN, SharedWorld } from "../support/shared.js";

const hasTmux = spawnSync("tmux", ["-V"]).status === 0;
const server = { command: process.execPath, args: [fixture("journal-server.mjs")], cwd: "/tmp" };

/** `holdfast top` on a terminal of 80 columns. */
function topOf(world: SharedWorld, rows: number) {
  const socket = `holdfast-top-${process.pid}`;
  const tmux = (...args: string[]) =>
    execFileSync("tmux", ["-f", "/dev/null", "-L", socket, ...args], { env: world.env, encoding: "utf8" });
  // The shell is of the same group, and Ctrl-C is for both.
  const line = `trap : INT; '${process.execPath}' '${MAIN}' top; echo "exit code: $?"; cat`;
  tmux("new-session", "-d", "-x", "80", "-y", String(rows), line);
  onTestFinished(() => void tmux("kill-server"));
  return {
    lines: () => tmux("capture-pane", "-p").trimEnd().split("\n"),
    interrupt: () => void tmux("send-keys", "C-c"),
    isCursorShown: () => tmux("display-message", "-p", "#{cursor_flag}").trim() === "1",
  };
}

describe.skipIf(!hasTmux)("holdfast top on a terminal", () => {
  it("draws over itself, leaves nothing of what is gone, and gives the terminal back with Ctrl-C", async () => {
    const names = ["a", "b", "c", "d", "e", "f"];
    const world = new SharedWorld(Object.fromEntries(names.map((name) => [name, server])));
    const host = world.host();
    await host.initialize();
    const { lines, interrupt, isCursorShown } = topOf(world, 8);
    // A table that is too long for the terminal does not push its heading away.
    await until(() => lines().at(-1) === "… and 2 more");
    expect(lines()[0]).toMatch(/^daemon +health +pid +cpu +memory +calls\/s$/);
    expect(lines()).toHaveLength(7);
    // What is called now is seen there, at the server and at the daemon.
    await until(async () => {
      await host.call("a_pid");
      return [/^mcp\.json +ready .* [1-9]\d*\.\d /, / {2}a +ok .* [1-9]\d*\.\d$/].every((row) =>
        lines().some((line) => row.test(line)),
      );
    });
    world.write({ a: server, b: server });
    await until(() => lines().length === 4);
    expect(lines().map((line) => line.trim().split(" ")[0])).toEqual(["daemon", "mcp.json", "a", "b"]);
    await host.end();
    for (const pid of world.daemons()) process.kill(pid, "SIGTERM");
    await until(() => lines().length === 1);
    expect(lines()[0]).toMatch(/^no daemon runs/);
    interrupt();
    await until(() => lines().at(-1)!.endsWith("exit code: 130"));
    expect(isCursorShown()).toBe(true);
  });
});
