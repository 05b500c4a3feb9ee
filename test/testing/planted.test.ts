import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { describe, expect, it, onTestFinished } from "vitest";
import { fixture } from "../support/fixtures.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Plant {
  bug: string;
  /** The promise that it breaks. */
  breaks: string;
  kind?: "config";
  file: string;
  /** What is in the built file, and what is put there instead. */
  changes: [string, string][];
  /** What the suite says. */
  says: RegExp;
}

const PLANTS: Plant[] = [
  {
    bug: "a wire that opens late is not closed",
    breaks: "one-wire",
    file: "connection/handshake.js",
    changes: [
      ["part.add(() => guard.close());", ""],
      ["part.add(() => client.close());", ""],
    ],
    says: /was never closed|open at the same time/,
  },
  {
    bug: "the counter is reset on open",
    breaks: "backoff",
    file: "machines/reducers.js",
    changes: [["export const opened = () => ({", "export const opened = () => ({ attempt: 0,"]],
    says: /attempts in a row did not hold/,
  },
  {
    bug: "a wire is closed twice",
    breaks: "one-wire",
    file: "wires/guard.js",
    changes: [["this.#closing ??=", "this.#closing ="]],
    says: /was closed 2 times/,
  },
  {
    bug: "an unsafe call is sent again",
    breaks: "no-repeat",
    file: "session/replay.js",
    changes: [['if (outcome !== "unknown" ||', "if (outcome.length > 0 ||"]],
    says: /an unsafe call was written [2-9] times/,
  },
  {
    bug: "a timer is left",
    breaks: "nothing-left",
    file: "base/wait.js",
    changes: [["clock.clearTimeout(timer);", ""]],
    says: /left behind: a timer/,
  },
  {
    bug: "an event comes after the close",
    breaks: "edges",
    file: "transports/lives.js",
    changes: [
      [
        'await connection.waiting.until((state) => state === "closed");',
        'await connection.waiting.until((state) => state === "closed"); setTimeout(() => connection.port.announce({ type: "warning", message: "late" }), 2);',
      ],
    ],
    says: /after close\(\) observers still heard: warning/,
  },
  {
    bug: "a message of an old epoch is heard",
    breaks: "epochs",
    file: "wires/inbound.js",
    changes: [
      ["if (door.down)\n            return;", ""],
      ["door.down || ", ""],
    ],
    says: /was heard after its end|answered by a wire that had ended/,
  },
  {
    bug: "a lost call is not rejected",
    breaks: "settles",
    file: "wires/guard.js",
    changes: [
      [
        "this.settle(id, new Lost(outcome, failure));\n        }\n        this.onclose?.();",
        "this.#ledger.remove(id);\n        }",
      ],
    ],
    says: /had no answer within|never settled/,
  },
  {
    bug: "a sibling is touched",
    breaks: "siblings",
    kind: "config",
    file: "composite/members.js",
    changes: [
      [
        'this.#fleet.send({ type: "server.reported", name, fact });',
        'this.#fleet.send({ type: "server.reported", name, fact }); if (fact === "down") for (const other of this.#sessions.values()) void other.server.transport.disconnect();',
      ],
    ],
    says: /beside it/,
  },
  {
    bug: "a session can be used after its scope",
    breaks: "scope",
    file: "session/call.js",
    changes: [
      ["if (ended.aborted)\n                throw ended.reason;", ""],
      ["new Tag(spec,", "new Tag({ ...spec, ended: new AbortController().signal },"],
    ],
    says: /a call of an ended session was written/,
  },
];

describe("the lifecycle suite finds", () => {
  it.each(PLANTS)("that $bug", async ({ breaks, kind = "memory", file, changes, says }) => {
    const copy = mkdtempSync(join(tmpdir(), "holdfast-planted-"));
    onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
    cpSync(join(root, "dist"), join(copy, "dist"), { recursive: true });
    cpSync(join(root, "package.json"), join(copy, "package.json"));
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    let text = readFileSync(join(copy, "dist", file), "utf8");
    for (const [there, instead] of changes) {
      expect(text, `${file} no longer has: ${there}`).toContain(there);
      text = text.replaceAll(there, instead);
    }
    writeFileSync(join(copy, "dist", file), text);
    const { stdout, exitCode } = await execa(
      process.execPath,
      ["--test-reporter=tap", fixture("planted-suite.mjs")],
      {
        env: { PLANTED: join(copy, "dist"), KIND: kind, ONLY: breaks },
        reject: false,
      },
    );
    expect(stdout).toMatch(says);
    expect(stdout).toMatch(/to repeat it: \{ seed: "[\d:]+" \}/);
    expect(exitCode).toBe(1);
  });

  it("nothing where nothing is planted", async () => {
    const { exitCode, stdout } = await execa(process.execPath, [fixture("planted-suite.mjs")], {
      env: { PLANTED: join(root, "dist"), KIND: "memory", ONLY: "one-wire" },
      reject: false,
    });
    expect(stdout).toMatch(/# pass 1/);
    expect(exitCode).toBe(0);
  });
});
