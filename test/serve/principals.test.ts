import { expect, it } from "vitest";
import { StdioTransport, StreamableHttpTransport } from "../../src/index.js";
import { Endpoints } from "../../src/serve/endpoints.js";
import { type HttpOptions, httpSettings } from "../../src/serve/http-options.js";
import { Principals } from "../../src/serve/principals.js";
import type { ClientTransport } from "../../src/transports/transport.js";
import { closing } from "../support/fixtures.js";
import { gate } from "../support/gate.js";
import { ManualClock } from "../support/manual-clock.js";

const oauth = { issuer: "https://login.example.com" };
const holderOf = (subject: string) => ({
  id: subject,
  scopes: [],
  principal: { issuer: oauth.issuer, subject },
});

function world(credentialFor: HttpOptions["credentialFor"], shared?: ClientTransport) {
  const settings = httpSettings({ oauth, credentialFor: credentialFor!, maxPrincipals: 2, idleMs: 1_000 });
  const clock = new ManualClock();
  const said: string[] = [];
  const report = (message: string) => said.push(message);
  const transport = closing(
    shared ?? new StreamableHttpTransport({ name: "web", url: "http://127.0.0.1:1/mcp" }),
  );
  const principals = new Principals(
    transport,
    new Endpoints(settings, clock, report),
    settings,
    clock,
    report,
  );
  const of = (subject: string) => principals.transportFor(holderOf(subject)) as ClientTransport;
  return { principals, transport, of, clock, said };
}

it("a principal with a credential has connections of its own, which end when it was silent for long", async () => {
  const { of, clock, principals } = world(({ subject }) => ({ token: subject }));
  const [one, two] = [of("one"), of("two")];
  expect(of("one")).toBe(one);
  expect(two).not.toBe(one);
  clock.advance(900);
  const { open, opened } = gate();
  const answered = principals.during(holderOf("two"), async () => {
    await opened;
    return new Response("read");
  });
  clock.advance(400);
  expect([one.status.state, two.status.state]).toEqual(["closed", "idle"]);
  open();
  // Not before its answer was read.
  const answer = await answered;
  clock.advance(1_500);
  expect(two.status.state).toBe("idle");
  await answer.text();
  clock.advance(1_500);
  expect(two.status.state).toBe("closed");
  expect(of("two")).not.toBe(two);
  await principals.close();
  expect(clock.waits).toEqual([]);
});

it("who is silent longest gives room to one too many, and nobody who is at work", async () => {
  const { of, clock, principals } = world(({ subject }) => ({ headers: { "x-user": subject } }));
  const one = of("one");
  clock.advance(1);
  const two = of("two");
  const three = of("three");
  expect([one, two, three].map(({ status }) => status.state)).toEqual(["closed", "idle", "idle"]);
  const { open, opened } = gate();
  const work = ["two", "three"].map((subject) =>
    principals.during(holderOf(subject), async () => {
      await opened;
      return new Response();
    }),
  );
  const refused = principals.transportFor(holderOf("four")) as Response;
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "60"]);
  open();
  await Promise.all(work);
  await principals.close();
  expect([two, three].map(({ status }) => status.state)).toEqual(["closed", "closed"]);
});

it("who has no credential shares everything, as does everybody where no server can be shown one", async () => {
  const some = world(({ subject }) => (subject === "known" ? { token: "t" } : undefined));
  expect(some.of("other")).toBe(some.transport);
  expect(some.of("known")).not.toBe(some.transport);
  await some.principals.close();
  const local = world(() => ({ token: "t" }), new StdioTransport({ command: "node" }));
  expect(local.of("known")).toBe(local.transport);
});

it("where the credential cannot be told, nothing is done with that of somebody else, and no secret is shown", async () => {
  const { principals, said } = world(() => {
    throw new Error("the vault is closed");
  });
  const answer = principals.transportFor(holderOf("one")) as Response;
  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toContain("vault");
  expect(said).toEqual(["credentialFor: the vault is closed"]);
});

it("credentialFor without oauth is refused: nobody knows who a client is", () => {
  expect(() => httpSettings({ credentialFor: () => undefined })).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID", path: "credentialFor" }),
  );
});
