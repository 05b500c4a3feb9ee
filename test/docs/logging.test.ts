import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { LOG_EVENTS } from "../../src/connection/log-events.js";

it("docs/logging.md shows every event that is logged, with its level and its fields", () => {
  const text = readFileSync(new URL("../../docs/logging.md", import.meta.url), "utf8");
  const rows = [...text.matchAll(/^\| `([^`]+)` \| (\w+) \| ([^|]*)\|/gm)].map(
    ([, event, level, fields]) => ({
      event,
      level,
      fields: fields!.split(",").flatMap((field) => field.trim() || []),
    }),
  );
  const all = Object.entries(LOG_EVENTS).map(([event, { level, fields }]) => ({ event, level, fields }));
  expect(rows).toEqual(all);
});
