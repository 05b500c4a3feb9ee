import { describe, expect, it } from "vitest";
import { admissionOf, type Wanted } from "../../src/composite/admission.js";
import type { Member } from "../../src/composite/member.js";
import type { Kind, Offer } from "../../src/composite/offer.js";
import type { Reading } from "../../src/composite/reading.js";
import type { ShownTool } from "../../src/composite/transforms.js";
import { rejection } from "../support/settling.js";

const NEVER = new AbortController().signal;
const pin = { blocks: true, refusal: (shown: string, why: string) => `${shown}: ${why}` };

/** A pinned member in its second epoch, which offers in each read what the test says. */
function pinned(wanted: Wanted, reads: Partial<Record<Kind, Offer>>[], more: object = {}) {
  const member = { name: "one", pin: () => pin, status: () => ({ epoch: 2 }), ...more } as unknown as Member;
  let offer: Offer = {};
  const read: Kind[] = [];
  const reading = {
    of: async (kind: Kind) => {
      const now = reads[read.filter((one) => one === kind).length]?.[kind];
      read.push(kind);
      offer = {
        ...offer,
        ...now,
        drift: { ...offer.drift, [kind]: new Map(), ...now?.drift },
        epochs: { ...offer.epochs, [kind]: 2, ...now?.epochs },
      };
    },
  } as unknown as Reading;
  return { admit: admissionOf(member, wanted, () => offer, reading), read };
}
const tools = (original: string): Offer => ({
  tools: new Map([["shown", { original } as unknown as ShownTool]]),
});
const tool: Wanted = { kind: "tools", original: "look", shown: "one_look" };
const prompt: Wanted = { kind: "prompts", original: "greet", shown: "one_greet" };
const resource: Wanted = { kind: "resources", original: "note://a", shown: "note://one/a" };
const why = async (admit: ReturnType<typeof admissionOf>) =>
  ((await rejection(admit!(NEVER))) as Error).message;

describe("what is sent to a pinned server", () => {
  it("is held back by a pin that blocks, and by no other", () => {
    for (const other of [undefined, () => undefined, () => ({ blocks: false })])
      expect(pinned(tool, [], { pin: other }).admit).toBeUndefined();
    expect(pinned(tool, []).admit).toBeTypeOf("function");
  });

  it("is compared once in each epoch, and sent where it is as it was locked", async () => {
    const { admit, read } = pinned(tool, [{ tools: tools("look") }]);
    await admit!(NEVER);
    await admit!(NEVER);
    expect(read).toEqual(["tools"]);
    const other = pinned(prompt, [{ prompts: { prompts: [{ name: "greet" }] } }]);
    await other.admit!(NEVER);
    expect(other.read).toEqual(["prompts"]);
    const both = pinned(resource, [{ resources: { resources: [{ uri: "note://a", name: "a" }] } }]);
    await both.admit!(NEVER);
    expect(both.read).toEqual(["resources", "templates"]);
  });

  it("is refused with the reason where it drifted", async () => {
    const drift = { tools: new Map([["look", "description changed"]]) };
    expect(await why(pinned(tool, [{ tools: { ...tools("find"), drift } }]).admit)).toBe(
      "one_look: description changed",
    );
    const gone = { resources: { drift: { resources: new Map([["note://a", "name changed"]]) } } };
    expect(await why(pinned(resource, [gone]).admit)).toBe("note://one/a: name changed");
  });

  it("is refused where the server does not list it any more", async () => {
    for (const reads of [[{ tools: tools("find") }], [{ tools: {} }]])
      expect(await why(pinned(tool, reads).admit)).toBe('one does not offer "one_look" any more');
    for (const reads of [[{ prompts: { prompts: [{ name: "hail" }] } }], [{}]])
      expect(await why(pinned(prompt, reads).admit)).toBe('one does not offer "one_greet" any more');
  });

  it("is compared again where a list was asked for in the epoch before", async () => {
    const late = { tools: { ...tools("look"), epochs: { tools: 1 } } };
    const { admit, read } = pinned(tool, [late, { tools: tools("look") }]);
    await admit!(NEVER);
    expect(read).toEqual(["tools", "tools"]);
    expect(await why(pinned(tool, [late, late]).admit)).toBe(
      "one did not say what it offers now: tools/list",
    );
    const templates = { templates: { epochs: { templates: 1 } } };
    expect(await why(pinned(resource, [templates, templates]).admit)).toBe(
      "one did not say what it offers now: resources/list, resources/templates/list",
    );
  });
});
