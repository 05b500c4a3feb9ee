import { describe, expect, it } from "vitest";
import { VERSION } from "../../src/base/version.js";
import { conflictWith, OWN_INFO, type Profile, profileOf } from "../../src/connection/profile.js";

const info = { name: "agent", version: "1" };
const sampling = async () => "answer";
const elicitation = async () => ({});

describe("the handshake that serves several sessions", () => {
  it("is our own where nobody asks for anything", () => {
    expect(OWN_INFO).toEqual({ name: "holdfast", version: VERSION });
    const own = { clientInfo: OWN_INFO, capabilities: {}, inputRequired: undefined, listMaxPages: undefined };
    expect(profileOf([])).toEqual(own);
    expect(profileOf([{}, {}])).toEqual(own);
  });

  it("declares the capabilities of all, and what the first one named", () => {
    const inputRequired = { autoFulfill: false };
    expect(
      profileOf([
        { sampling },
        { clientInfo: info, listMaxPages: 3, elicitation: { form: elicitation } },
        { clientInfo: { name: "other", version: "2" }, listMaxPages: 4, inputRequired },
        { elicitation: { url: elicitation as never }, extensions: { "a/b": { deep: { x: 1 } } } },
        { extensions: { "a/b": { deep: { y: 2 }, list: [1] } }, inputRequired: {} },
      ]),
    ).toEqual({
      clientInfo: info,
      capabilities: {
        sampling: {},
        elicitation: { form: {}, url: {} },
        extensions: { "a/b": { deep: { x: 1, y: 2 }, list: [1] } },
      },
      inputRequired,
      listMaxPages: 3,
    });
  });

  it("takes a list or a word of a later one as it is", () => {
    const settings = (value: unknown) => ({ extensions: { e: { value } as never } });
    for (const [a, b] of [
      [[1], [2]],
      [{ x: 1 }, [2]],
      [[1], { x: 1 }],
      ["word", { x: 1 }],
      [null, { x: 1 }],
      [{ x: 1 }, null],
    ])
      expect(profileOf([settings(a), settings(b)]).capabilities.extensions).toEqual({ e: { value: b } });
  });
});

describe("a session on a connection that is open", () => {
  const profile: Profile = {
    clientInfo: info,
    capabilities: { sampling: {}, elicitation: { form: {} } },
    inputRequired: { autoFulfill: false },
    listMaxPages: 3,
  };

  it("shares it where it asks for nothing else", () => {
    for (const options of [
      {},
      { clientInfo: { ...info } },
      { inputRequired: { autoFulfill: false } },
      { listMaxPages: 3 },
      { sampling, elicitation: { form: elicitation } },
    ])
      expect(conflictWith(profile, options), JSON.stringify(options)).toBeUndefined();
  });

  it("says what is in its way", () => {
    expect(conflictWith(profile, { clientInfo: { name: "agent", version: "2" } })).toBe("another clientInfo");
    expect(conflictWith(profile, { inputRequired: { autoFulfill: true } })).toBe(
      "other inputRequired options",
    );
    expect(conflictWith(profile, { listMaxPages: 4 })).toBe("another listMaxPages");
    expect(conflictWith(profile, { sampling, roots: [], elicitation })).toBe(
      "capabilities that were not declared (elicitation, roots)",
    );
    expect(conflictWith(profile, { roots: [] })).toBe("capabilities that were not declared (roots)");
  });
});
