import { describe, expect, it, vi } from "vitest";
import type { Refusal } from "../../src/contract/credential.js";
import type { Wire } from "../../src/contract/wire.js";
import { AuthorizedFetch } from "../../src/wires/authorized-fetch.js";
import { Lost } from "../../src/wires/lost.js";
import { holding } from "../support/credential.js";

const URL_ = new URL("https://server.test/mcp");
const refusal = (status: number, challenge = "Bearer") =>
  new Response("no", { status, headers: { "www-authenticate": challenge } });
const more = refusal.bind(undefined, 403, 'Bearer error="insufficient_scope", scope="a b"');
const post = (id: number) => ({
  method: "POST",
  body: JSON.stringify({ jsonrpc: "2.0", id, method: "ping" }),
});

/** A wire whose server answers in this order, and what it was shown. */
function world(answers: (() => Response)[], credential = holding(() => tokens.shift() ?? "t")) {
  const shown: (string | null)[] = [];
  const wire: Pick<Wire, "onRefused" | "onParked"> = {
    onRefused: vi.fn(async () => {}),
    onParked: vi.fn(() => true),
  };
  const authorized = new AuthorizedFetch(
    wire,
    { url: URL_, name: "weather", credential },
    async (_url, init) => {
      shown.push(new Headers(init?.headers).get("authorization"));
      return answers.shift()!();
    },
  );
  return { wire, authorized, shown };
}
let tokens: string[] = [];
const ok = () => new Response("{}");

describe("a request with a credential", () => {
  it("shows the token, to its own server only", async () => {
    tokens = ["t-1"];
    const { authorized, shown } = world([ok, ok]);
    await authorized.fetch(URL_);
    await authorized.fetch("https://elsewhere.test/mcp");
    expect(shown).toEqual(["Bearer t-1", null]);
  });

  it("that is refused waits, and goes again with the next token", async () => {
    tokens = ["t-1", "t-2"];
    const accepted = vi.fn();
    const { authorized, shown, wire } = world(
      [() => refusal(401, 'Bearer scope="a", resource_metadata="https://server.test/meta"'), ok],
      holding(() => tokens.shift(), { accepted }),
    );
    expect((await authorized.fetch(URL_, post(7))).status).toBe(200);
    expect(shown).toEqual(["Bearer t-1", "Bearer t-2"]);
    expect(wire.onRefused).toHaveBeenCalledExactlyOnceWith({
      status: 401,
      token: "t-1",
      scope: "a",
      resourceMetadataUrl: new URL("https://server.test/meta"),
      challenge: 'Bearer scope="a", resource_metadata="https://server.test/meta"',
    } satisfies Refusal);
    expect(vi.mocked(wire.onParked!).mock.calls).toEqual([
      [7, true],
      [7, false],
    ]);
    expect(accepted).toHaveBeenCalledExactlyOnceWith("t-2");
  });

  it.each([
    ["another token", () => refusal(401), 4],
    ["more scope", more, 3],
  ])("that is refused for ever is not asked for ever: %s", async (_what, answer, sent) => {
    const { authorized, shown } = world(Array.from({ length: 9 }, () => answer));
    expect((await authorized.fetch(URL_)).ok).toBe(false);
    expect(shown).toHaveLength(sent);
  });

  it("is not asked again where nothing helps, for another 403, or when the wire goes", async () => {
    const rows = [
      world(
        [() => refusal(401)],
        holding(() => "t", { mends: () => false }),
      ),
      world([() => refusal(403)]),
      world([() => refusal(401)]),
    ];
    rows[2]!.authorized.ending = true;
    for (const { authorized, wire } of rows) {
      expect((await authorized.fetch(URL_)).ok).toBe(false);
      expect(wire.onRefused).not.toHaveBeenCalled();
    }
  });

  it("is not sent when its call was given up while it waited", async () => {
    const { authorized, shown, wire } = world([() => refusal(401), ok]);
    wire.onParked = (_id, parked) => parked;
    await expect(authorized.fetch(URL_, post(1))).rejects.toBeInstanceOf(Lost);
    expect(shown).toHaveLength(1);
  });

  it("is not sent when its signal fired while it waited", async () => {
    const { authorized, shown, wire } = world([() => refusal(401), ok]);
    const abort = new AbortController();
    wire.onRefused = async () => abort.abort(new Error("enough"));
    await expect(authorized.fetch(URL_, { signal: abort.signal })).rejects.toThrow("enough");
    expect(shown).toHaveLength(1);
  });

  it("tells what is missing, by the server's name", () => {
    const { authorized } = world([]);
    const scope = Object.assign(new Error("scope"), { name: "InsufficientScopeError", requiredScope: "a b" });
    expect(authorized.refused(scope)).toMatchObject({
      code: "AUTH_REQUIRED",
      status: 403,
      message: 'weather: the token has not enough scope (HTTP 403): it asks for the scope "a b"',
    });
    expect(authorized.refused(Object.assign(new Error("no"), { status: 401 }))).toMatchObject({
      code: "AUTH_REQUIRED",
      message: "weather: the server refuses the credentials (HTTP 401)",
    });
    expect(authorized.refused(Object.assign(new Error("no"), { status: 500 }))).toBeUndefined();
  });
});
