import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Claims } from "../../src/composite/claims.js";
import { bare, MAX_NAME_LENGTH, prefixed } from "../../src/composite/naming.js";
import { fold, Owners } from "../../src/composite/owners.js";
import { catalogOf, FakeMember, type FakeOffer, NEVER } from "../support/fake-members.js";
import { runsOf } from "../support/runs.js";

/** One config each: ten times as many under test:soak. */
const numRuns = runsOf(1_000);

// Few parts, so that names meet: as beginnings of each other, in another case, cleaned, cut, with the suffix of another.
const part = fc.constantFrom("git", "hub", "Hub", "push", "_", "-", ".", "a", "A", " ", "x".repeat(60));
const word = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("_"));
const server = fc.oneof(
  word,
  fc.constantFrom("git", "git_hub", "git_hub_push", "Git", "git-hub", "a", "a_a"),
);
const uri = fc.constantFrom(
  "note://x",
  "note://y",
  "note://git/x",
  "file:///git_hub/x",
  "holdfast://git/%3Anote://x",
  "x",
  "urn:x",
);
const template = fc.constantFrom(
  "note://{x}",
  "{+any}",
  "{a}://{b}",
  "file:///{+path}",
  "note://git/{x}",
  "urn:{x}",
);
const some = <T>(one: fc.Arbitrary<T>) => fc.uniqueArray(one, { maxLength: 4 });
const offer: fc.Arbitrary<FakeOffer> = fc.record({
  tools: some(word),
  prompts: some(word),
  resources: some(uri),
  templates: some(template),
});
const rename = fc.option(fc.tuple(fc.nat(3), word));
const configs = fc.uniqueArray(server, { minLength: 2, maxLength: 6 }).chain((servers) =>
  fc.record({
    servers: fc.constant(servers),
    offers: fc.tuple(...servers.map(() => offer)),
    renames: fc.tuple(...servers.map(() => rename)),
    orders: fc.tuple(...[0, 1].map(() => fc.shuffledSubarray(servers, { minLength: servers.length }))),
    prefix: fc.boolean(),
  }),
);
type Config = typeof configs extends fc.Arbitrary<infer T> ? T : never;

/** Brings the servers up one after the other, each with what an aggressor would add: suffixes that others got. */
async function reached({ servers, offers, renames, prefix }: Config, order: string[], aimed: string[]) {
  const members = new Map(
    servers.map((name, i) => {
      const given = offers[i]!;
      const [at, to] = renames[i] ?? [];
      const old = at === undefined ? undefined : given.tools?.[at];
      const rules = typeof old === "string" && to !== undefined ? { tools: { [old]: { name: to } } } : {};
      const tools = [...new Set([...(given.tools ?? []), ...aimed])];
      const member = new FakeMember(name, { ...given, tools }, rules);
      member.reached = false;
      member.state = "connecting";
      return [name, member] as const;
    }),
  );
  const all = [...members.values()];
  const { catalog, presented } = catalogOf(all, {
    rule: prefix ? prefixed : bare,
    uriPrefix: prefix,
    claims: { tools: new Claims(), prompts: new Claims() },
  });
  const holders = new Map<string, string>();
  const stolen: string[] = [];
  const note = () => {
    for (const kind of ["tools", "prompts"] as const)
      for (const { shown, server } of shownBy(catalog, kind, all)) {
        const key = `${kind} ${fold(shown)}`;
        if ((holders.get(key) ?? server) !== server)
          stolen.push(`${shown}: ${holders.get(key)} -> ${server}`);
        holders.set(key, server);
      }
  };
  for (const name of order) {
    const member = members.get(name)!;
    member.reached = true;
    member.state = "connected";
    await Promise.all([catalog.tools(NEVER), catalog.prompts(NEVER)]);
    await Promise.all([catalog.resources(NEVER), catalog.templates(NEVER)]);
    note();
  }
  return { catalog, presented, all, stolen };
}

function shownBy(
  catalog: ReturnType<typeof catalogOf>["catalog"],
  kind: "tools" | "prompts",
  all: FakeMember[],
) {
  return all.flatMap((member) =>
    catalog.shownOf(kind, member.name).map((shown) => ({ shown, server: member.name })),
  );
}

describe("names that cannot be stolen", { timeout: 7_200_000 }, () => {
  it("mean one server in every order of arrival, and a call reaches no other", async () => {
    await fc.assert(
      fc.asyncProperty(configs, async (config) => {
        const plain = await reached(config, config.orders[0]!, []);
        // What everybody can compute: the suffixed names of all, offered by all.
        const suffixed = shownBy(plain.catalog, "tools", plain.all).map(({ shown }) => shown);
        const aimed = config.servers.flatMap((name) =>
          suffixed.flatMap((shown) => (shown.startsWith(`${name}_`) ? shown.slice(name.length + 1) : [])),
        );
        const worlds = [];
        for (const order of config.orders) worlds.push(await reached(config, order, aimed));
        const [first, second] = worlds.map(({ catalog, all }) => [
          ...shownBy(catalog, "tools", all),
          ...shownBy(catalog, "prompts", all),
        ]);
        expect(second).toEqual(first);
        const owners = new Owners(config.servers);
        for (const { catalog, presented, all, stolen } of worlds) {
          expect(stolen).toEqual([]);
          for (const member of all) {
            for (const shown of catalog.shownOf("tools", member.name)) {
              expect(shown.length).toBeLessThanOrEqual(MAX_NAME_LENGTH);
              const route = presented.known("tools/call", { name: shown, arguments: {} });
              expect(route?.upstream).toBe(member);
              expect(member.offer.tools).toContain(route?.params["name"]);
              const { claimed, server } = owners.of(shown);
              if (claimed && server !== undefined && member.name.length < 40)
                expect(server).toBe(member.name);
            }
            for (const shown of catalog.shownOf("prompts", member.name)) {
              const route = presented.known("prompts/get", { name: shown });
              expect(route?.upstream).toBe(member);
              expect(member.offer.prompts).toContain(route?.params["name"]);
            }
            for (const given of member.offer.resources ?? []) {
              const route = presented.known("resources/read", { uri: catalog.showUri(member.name, given) });
              expect(route).toEqual({ upstream: member, params: { uri: given } });
            }
          }
        }
      }),
      { numRuns },
    );
  });
});
