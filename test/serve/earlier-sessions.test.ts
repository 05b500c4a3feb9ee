import { expect, it } from "vitest";
import { EarlierSessions } from "../../src/serve/earlier-sessions.js";
import { NOTHING, standingAfter } from "../../src/serve/remembered.js";
import { ManualClock } from "../support/manual-clock.js";

const remembered = (name: string) => ({ introduction: { name }, standing: NOTHING });

function world(settings: Partial<ConstructorParameters<typeof EarlierSessions>[0]> = {}) {
  const clock = new ManualClock();
  const all = { idleMs: 1_000, maxSessions: 3, sessionKey: undefined, ...settings };
  return { clock, make: () => new EarlierSessions(all, clock) };
}

it("sessions of endpoints that were replaced wait no longer than a silent one, and are no more than may be open", () => {
  const { clock, make } = world();
  let now = make();
  for (let edit = 0; edit < 10; edit++) {
    const after = make();
    after.adopt(now, [[`${edit}`, remembered(`${edit}`)]]);
    now = after;
  }
  const known = () => Array.from({ length: 10 }, (_, i) => `${i}`).filter((id) => now.find(id));
  expect(known()).toEqual(["7", "8", "9"]);
  now.taken("8");
  expect(known()).toEqual(["7", "9"]);
  clock.advance(999);
  expect(known()).toEqual(["7", "9"]);
  clock.advance(1);
  expect(known()).toEqual([]);
});

it("a session that its client ended does not come back with an edit, though its id is signed", () => {
  const { make } = world({ sessionKey: "a key of the test's" });
  const before = make();
  const id = before.idFor({ name: "me" })!;
  expect(before.find(id)).toEqual({ introduction: { name: "me" }, standing: NOTHING });
  before.end(id);
  const after = make();
  after.adopt(before, []);
  expect(after.find(id)).toBeUndefined();
});

it("what a client asked for stands until it says otherwise, within bounds", () => {
  const say = (method: string, params: object) => ({ jsonrpc: "2.0", id: 1, method, params });
  const subscribe = (uri: string) => say("resources/subscribe", { uri });
  let standing = standingAfter(NOTHING, [subscribe("a:1"), subscribe("a:2"), subscribe("a:1")]);
  standing = standingAfter(standing, say("logging/setLevel", { level: "error" }));
  expect(standing).toEqual({ level: "error", uris: ["a:1", "a:2"] });
  standing = standingAfter(standing, say("resources/unsubscribe", { uri: "a:1" }));
  expect(standing).toEqual({ level: "error", uris: ["a:2"] });
  for (const other of [say("tools/list", {}), subscribe("x".repeat(70_000)), "text", undefined])
    expect(standingAfter(standing, other)).toBe(standing);
});
