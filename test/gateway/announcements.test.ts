import { expect, it } from "vitest";
import { changedKinds } from "../../src/gateway/announcements.js";

const changed = (kind: string, differences?: object) => ({
  method: `notifications/${kind}/list_changed`,
  ...(differences && { params: { _meta: { "holdfast/differences": differences } } }),
});

it.each([
  ["a list of which nobody knows how it differs", changed("tools"), ["tools"]],
  ["a list that is another one", changed("prompts", { prompts: { added: ["a"] } }), ["prompts"]],
  ["a list that was read and is what it was", changed("tools", {}), []],
  ["a list that no server has", changed("roots"), undefined],
  ["something else", { method: "notifications/message", params: { level: "info", data: "" } }, undefined],
])("%s", (_, notification, kinds) => {
  expect(changedKinds(notification)).toEqual(kinds);
});
