import { describe, expect, it } from "vitest";
import type { Outcome } from "../../src/base/errors.js";
import type { ReplayMode } from "../../src/contract/options.js";
import { maySendAgain } from "../../src/session/replay.js";

const OUTCOMES: Outcome[] = ["not-sent", "rejected", "unknown"];
const MODES: ReplayMode[] = ["safe", "always", "never"];
/** method, whether its annotations vouch for it, and for each mode the outcomes after which it is sent again. */
const rows: [method: string, annotated: boolean, again: Record<ReplayMode, Outcome[]>][] = [
  ...["tools/list", "prompts/list", "resources/list", "resources/templates/list"].map((m) =>
    row(m, false, OUTCOMES),
  ),
  ...["resources/read", "prompts/get", "completion/complete", "ping", "server/discover"].map((m) =>
    row(m, false, OUTCOMES),
  ),
  ...["resources/subscribe", "resources/unsubscribe", "logging/setLevel"].map((m) => row(m, false, OUTCOMES)),
  row("tools/call", false, ["not-sent", "rejected"]),
  row("tools/call", true, OUTCOMES),
  // Annotations are of tools: they vouch for nothing else.
  row("custom/method", true, ["not-sent", "rejected"]),
];

function row(method: string, annotated: boolean, safe: Outcome[]): (typeof rows)[number] {
  return [method, annotated, { safe, always: OUTCOMES, never: [] }];
}

describe("whether a lost request is sent again", () => {
  for (const [method, annotated, expected] of rows)
    it(`${method}${annotated ? ", vouched for" : ""}`, () => {
      for (const replay of MODES)
        expect(
          OUTCOMES.filter((outcome) => maySendAgain({ method, outcome, replay, annotated })),
          replay,
        ).toEqual(expected[replay]);
    });
});
