// Plants one deliberate bug behind each invariant, one at a time in a copy of the checkout, runs the lifecycle
// properties against it, and fails where they do not notice. `node scripts/plant.mjs [number]`
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

const PLANTS = [
  ["1", "the next attempt does not wait for the old wire", "src/connection/attempts.ts", "await left;", ""],
  [
    "1",
    "a wire that comes late is used",
    "src/connection/handshake.ts",
    ["signal.throwIfAborted();", "part.add(() => guard.close());", "part.add(() => guard.shut(GIVEN_UP));"],
    ["", "", ""],
  ],
  [
    "2",
    "a session works after its end",
    "src/session/call.ts",
    ["if (ended.aborted) throw ended.reason;\n      if (caller", "      ended,\n      deadline,"],
    ["if (caller", "      ended: new AbortController().signal,\n      deadline,"],
  ],
  [
    "3",
    "a lost request is not answered",
    "src/wires/guard.ts",
    "this.settle(id, new Lost(outcome, failure));\n    }\n    this.onclose?.();",
    "this.#ledger.remove(id);\n    }",
  ],
  [
    "4",
    "a call that may have been done is sent again",
    "src/session/replay.ts",
    'if (outcome !== "unknown" ||',
    "if (outcome.length > 0 ||",
  ],
  [
    "5",
    "a wire is left open",
    "src/connection/handshake.ts",
    ["part.add(() => guard.close());", "part.add(() => client.close());"],
    ["", ""],
  ],
  ["5", "a timer is left", "src/base/wait.ts", "clock.clearTimeout(timer);", ""],
  [
    "6",
    "the counter is reset on open",
    "src/machines/reducers.ts",
    "export const opened = (): Patch => ({\n",
    "export const opened = (): Patch => ({\n  attempt: 0,\n",
  ],
  [
    "6",
    "the bound of the backoff is not kept",
    "src/machines/backoff.ts",
    "Math.min(policy.capMs, policy.baseMs * 2 ** (failed - 2)) * random",
    "policy.baseMs * 2 ** failed * random",
  ],
  [
    "7",
    "a wire that hangs on close holds the transport",
    "src/machines/connection.ts",
    "after: { closeTimeout: onward },",
    "",
  ],
  [
    "8",
    "an old wire is still heard",
    "src/wires/inbound.ts",
    ["if (door.down) return;", "door.down || "],
    ["", ""],
  ],
  [
    "9",
    "observers miss an edge",
    "src/connection/connection.ts",
    '    this.port.announce({\n      type: "transition"',
    '    if (to !== "disconnecting") this.port.announce({\n      type: "transition"',
  ],
  [
    "10",
    "a server that fails takes its siblings down",
    "src/composite/members.ts",
    'this.#fleet.send({ type: "server.reported", name, fact });',
    'this.#fleet.send({ type: "server.reported", name, fact });\n        if (fact === "failed") for (const other of this.#sessions.values()) void other.session?.close();',
  ],
  ["10", "more servers start at once than may", "src/machines/fleet.ts", "|| free-- <= 0", "|| free-- <= -1"],
];

const only = process.argv[2];
let missed = 0;
for (const [invariant, what, file, find, replace] of PLANTS.filter(
  ([n]) => only === undefined || n === only,
)) {
  const copy = mkdtempSync(join(tmpdir(), "holdfast-plant-"));
  try {
    execFileSync("sh", ["-c", `git ls-files -co --exclude-standard | tar -c -T - | tar -x -C "${copy}"`], {
      cwd: root,
    });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    let text = readFileSync(join(copy, file), "utf8");
    [find].flat().forEach((part, i) => {
      if (!text.includes(part)) throw new Error(`${file} no longer has: ${part}`);
      text = text.replaceAll(part, [replace].flat()[i]);
    });
    writeFileSync(join(copy, file), text);
    const { status } = spawnSync(
      "npx",
      ["vitest", "run", "test/properties/lifecycle.test.ts", "test/properties/fleet.test.ts"],
      {
        cwd: copy,
        stdio: "ignore",
        env: { ...process.env, HOLDFAST_RUNS: "0.8" },
      },
    );
    if (status === 0) missed++;
    console.log(`${status === 0 ? "MISSED" : "caught"}  invariant ${invariant}: ${what}`);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
console.log(`${missed} missed`);
process.exitCode = missed === 0 ? 0 : 1;
