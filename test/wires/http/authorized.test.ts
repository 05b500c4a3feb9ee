import { describe, expect, it, vi } from "vitest";
import type { Refusal } from "../../../src/contract/credential.js";
import type { Wire } from "../../../src/contract/wire.js";
import { HttpAnswer } from "../../../src/wires/http/answer.js";
import { Authorized } from "../../../src/wires/http/authorized.js";
import { HttpRequest } from "../../../src/wires/http/request.js";
import { Lost } from "../../../src/wires/lost.js";
import { holding } from "../../support/credential.js";
import { exchange } from "../../support/exchange.js";

const URL_ = new URL("https://server.test/mcp");
const answer = (status: number, fields: Record<string, string> = {}) => {
  const made = new HttpAnswer(status, fields, exchange());
  made.finish();
  return made;
};
const refusal = (status: number, challenge = "Bearer") => answer(status, { "www-authenticate": challenge });
const more = refusal.bind(undefined, 403, 'Bearer error="insufficient_scope", scope="a b"');
const request = (id?: number, url = URL_) =>
  new HttpRequest({ method: "POST", url, headers: {}, body: "{}", lane: "calls", id });

/** A wire whose server answers in this order, and what it was shown. */
function world(answers: (() => HttpAnswer)[], credential = holding(() => tokens.shift() ?? "t")) {
  const shown: (string | undefined)[] = [];
  const wire: Pick<Wire, "onRefused" | "onParked" | "onResumed"> = {
    onRefused: vi.fn(async () => {}),
    onParked: vi.fn(),
    onResumed: vi.fn(() => true),
  };
  const plain = {
    send: async ({ headers }: HttpRequest) => {
      shown.push(headers["authorization"]);
      return answers.shift()!();
    },
  };
  const server = { url: URL_, name: "weather", credential };
  return { wire, authorized: new Authorized(wire, server, { plain, signed: undefined }), shown };
}
let tokens: string[] = [];
const ok = () => answer(200);

describe("a request with a credential", () => {
  it("shows the token, to its own server only", async () => {
    tokens = ["t-1"];
    const { authorized, shown } = world([ok, ok]);
    await authorized.send(request());
    await authorized.send(request(undefined, new URL("https://elsewhere.test/mcp")));
    expect(shown).toEqual(["Bearer t-1", undefined]);
  });

  it("that is refused waits, and goes again with the next token", async () => {
    tokens = ["t-1", "t-2"];
    const accepted = vi.fn();
    const { authorized, shown, wire } = world(
      [() => refusal(401, 'Bearer scope="a", resource_metadata="https://server.test/meta"'), ok],
      holding(() => tokens.shift(), { accepted }),
    );
    expect((await authorized.send(request(7))).status).toBe(200);
    expect(shown).toEqual(["Bearer t-1", "Bearer t-2"]);
    expect(wire.onRefused).toHaveBeenCalledExactlyOnceWith({
      status: 401,
      token: "t-1",
      scope: "a",
      resourceMetadataUrl: new URL("https://server.test/meta"),
      challenge: 'Bearer scope="a", resource_metadata="https://server.test/meta"',
    } satisfies Refusal);
    expect(wire.onParked).toHaveBeenCalledExactlyOnceWith(7);
    expect(wire.onResumed).toHaveBeenCalledExactlyOnceWith(7);
    expect(wire.onResumed).toHaveBeenCalledAfter(vi.mocked(wire.onParked!));
    expect(accepted).toHaveBeenCalledExactlyOnceWith("t-2");
  });

  it.each([
    ["another token", () => refusal(401), 4],
    ["more scope", more, 3],
  ])("that is refused for ever is not asked for ever: %s", async (_what, answer, sent) => {
    const { authorized, shown } = world(Array.from({ length: 9 }, () => answer));
    expect((await authorized.send(request())).ok).toBe(false);
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
      expect((await authorized.send(request())).ok).toBe(false);
      expect(wire.onRefused).not.toHaveBeenCalled();
    }
  });

  it("is not sent when its call was given up while it waited", async () => {
    const { authorized, shown, wire } = world([() => refusal(401), ok]);
    wire.onResumed = () => false;
    await expect(authorized.send(request(1))).rejects.toBeInstanceOf(Lost);
    expect(shown).toHaveLength(1);
  });

  it("is not sent when it was given up while it waited", async () => {
    const { authorized, shown, wire } = world([() => refusal(401), ok]);
    const asked = request();
    wire.onRefused = async () => asked.abort(new Error("enough"));
    await expect(authorized.send(asked)).rejects.toThrow("enough");
    expect(shown).toHaveLength(1);
  });

  it("that must be signed goes by what signs it, for as long as its token wants that", async () => {
    let signs = true;
    const [plain, signed] = [vi.fn(async () => ok()), vi.fn(async () => ok())];
    const credential = holding(() => "t", { signs: () => signs });
    const senders = { plain: { send: plain }, signed: { send: signed } };
    const authorized = new Authorized({}, { url: URL_, name: "weather", credential }, senders);
    await authorized.send(request());
    signs = false;
    await authorized.send(request());
    expect([signed.mock.calls.length, plain.mock.calls.length]).toEqual([1, 1]);
  });

  it("tells what is missing, by the server's name", () => {
    const { authorized } = world([]);
    expect(authorized.refused(more())).toMatchObject({
      code: "AUTH_REQUIRED",
      status: 403,
      message: 'weather: the token has not enough scope (HTTP 403): it asks for the scope "a b"',
    });
    expect(authorized.refused(answer(401))).toMatchObject({
      code: "AUTH_REQUIRED",
      message: "weather: the server refuses the credentials (HTTP 401)",
    });
    expect(authorized.refused(answer(403))).toBeUndefined();
    expect(authorized.refused(answer(500))).toBeUndefined();
  });
});
