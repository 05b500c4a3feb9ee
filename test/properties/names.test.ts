import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accessOf } from "../../src/composite/access.js";
import type { Catalog } from "../../src/composite/catalog.js";
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
const transform = fc.record({ name: word, enabled: fc.boolean() }, { requiredKeys: [] });
/** What a config says of a server: of its first tools by their place, and of whatever a glob fits. */
const rules = fc.record({
  transforms: fc.array(fc.option(transform), { maxLength: 4 }),
  deny: fc.option(fc.constantFrom("*push*", "git*", "note://*", "hub")),
});
type Rules = typeof rules extends fc.Arbitrary<infer T> ? T : never;
const configs = fc.uniqueArray(server, { minLength: 2, maxLength: 6 }).chain((servers) => {
  const order = fc.shuffledSubarray(servers, { minLength: servers.length });
  return fc.record({
    servers: fc.constant(servers),
    offers: fc.tuple(...servers.map(() => offer)),
    rules: fc.tuple(...servers.map(() => rules)),
    // In which order they are declared, and come up.
    worlds: fc.tuple(fc.tuple(order, order), fc.tuple(order, order)),
    prefix: fc.boolean(),
  });
});
type Config = typeof configs extends fc.Arbitrary<infer T> ? T : never;
type World = Config["worlds"][number];

function memberOf(name: string, offer: FakeOffer, { transforms, deny }: Rules, aimed: readonly string[]) {
  const tools = transforms.flatMap((transform, i) => {
    const tool = offer.tools?.[i];
    return transform && typeof tool === "string" ? [[tool, transform] as const] : [];
  });
  const all = [...new Set([...(offer.tools ?? []), ...aimed])];
  const access = accessOf({ deny: deny === null ? undefined : [deny] });
  const rules = { tools: Object.fromEntries(tools), may: access };
  const member = new FakeMember(name, { ...offer, tools: all }, rules);
  member.reached = false;
  member.state = "connecting";
  return member;
}

/** A template with something in each of its places. */
const instanceOf = (uriTemplate: string) => uriTemplate.replace(/\{[^}]*\}/g, "x");

/** Brings the servers up one after the other, each with what an aggressor would add: suffixes that others got. */
async function reached(
  { servers, offers, rules, prefix }: Config,
  [declared, order]: World,
  aimed: string[],
) {
  const all = declared.map((name) => {
    const i = servers.indexOf(name);
    return memberOf(name, offers[i]!, rules[i]!, aimed);
  });
  const { catalog, presented } = catalogOf(all, {
    rule: prefix ? prefixed : bare,
    uriPrefix: prefix,
    claims: { tools: new Claims(), prompts: new Claims() },
  });
  const holders = new Map<string, string>();
  const stolen: string[] = [];
  for (const name of order) {
    const member = all.find((one) => one.name === name)!;
    member.reached = true;
    member.state = "connected";
    await readAll(catalog);
    for (const { kind, shown, server } of shownBy(catalog, all))
      holders.set(`${kind} ${shown}`, holders.get(`${kind} ${shown}`) ?? server);
    // Whoever was told a name calls it, however late.
    for (const [key, server] of holders) {
      const [kind = "", shown] = [key.slice(0, key.indexOf(" ")), key.slice(key.indexOf(" ") + 1)];
      const upstream = presented.known(kind, { name: shown, arguments: {} })?.upstream;
      if (upstream && upstream.name !== server) stolen.push(`${key}: ${server} -> ${upstream.name}`);
    }
  }
  return { catalog, presented, all, stolen };
}

async function readAll(catalog: Catalog): Promise<void> {
  await Promise.all([catalog.tools(NEVER), catalog.prompts(NEVER)]);
  await Promise.all([catalog.resources(NEVER), catalog.templates(NEVER)]);
}

/** Every name that is shown, by the method that takes it, in an order of its own. */
function shownBy(catalog: Catalog, all: readonly FakeMember[]) {
  const kinds = [
    ["tools", "tools/call"],
    ["prompts", "prompts/get"],
  ] as const;
  return kinds
    .flatMap(([list, kind]) =>
      all.flatMap(({ name: server }) =>
        catalog.shownOf(list, server).map((shown) => ({ kind, shown, server })),
      ),
    )
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

type Made = Awaited<ReturnType<typeof reached>>;

/** Each name and URI as it is shown leads to the server that has it, in that server's own words. */
function expectTrue({ catalog, presented, all }: Made, owners: Owners): void {
  for (const member of all) {
    const { name: server, offer, may } = member;
    for (const shown of catalog.shownOf("tools", server)) {
      expect(shown.length).toBeLessThanOrEqual(MAX_NAME_LENGTH);
      const route = presented.known("tools/call", { name: shown, arguments: {} });
      expect(route?.upstream).toBe(member);
      expect(offer.tools).toContain(route?.params["name"]);
      expect(may("tools", String(route?.params["name"]))).toBe(true);
      const { claimed, server: owner } = owners.of(shown);
      if (claimed && owner !== undefined && server.length < 40) expect(owner).toBe(server);
    }
    for (const shown of catalog.shownOf("prompts", server)) {
      const route = presented.known("prompts/get", { name: shown });
      expect(route?.upstream).toBe(member);
      expect(offer.prompts).toContain(route?.params["name"]);
    }
    for (const given of (offer.resources ?? []).filter((uri) => may("resources", uri))) {
      const route = presented.known("resources/read", { uri: catalog.showUri(server, given) });
      expect(route).toEqual({ upstream: member, params: { uri: given } });
    }
    expectInstances(member, presented, catalog, all);
  }
}

/** What a template leads to: its own server, or the one that lists just this URI, or nobody where it could be two. */
function expectInstances(
  member: FakeMember,
  presented: Made["presented"],
  catalog: Catalog,
  all: readonly FakeMember[],
): void {
  for (const given of (member.offer.templates ?? []).filter((uri) => member.may("resources", uri))) {
    const shown = instanceOf(catalog.showUri(member.name, given));
    const upstream = presented.known("resources/read", { uri: shown })?.upstream;
    if (upstream === undefined || upstream === member) continue;
    const listers = all.filter(({ name, offer: { resources = [], templates = [] }, may }) =>
      [...resources, ...templates].some(
        (uri) => may("resources", uri) && catalog.showUri(name, uri) === shown,
      ),
    );
    expect(listers.map(({ name }) => name)).toEqual([upstream.name]);
  }
}

/** What happens to a config while it is used: servers come, go, and offer something else. */
const steps = fc.array(
  fc.record({ at: fc.nat(5), what: fc.constantFrom("comes", "goes", "changes" as const), offer }),
  { minLength: 3, maxLength: 12 },
);

describe("names that cannot be stolen", { timeout: 7_200_000 }, () => {
  it("mean one server in every order of the config and of arrival, and a call reaches no other", async () => {
    await fc.assert(
      fc.asyncProperty(configs, async (config) => {
        const plain = await reached(config, config.worlds[0], []);
        // What everybody can compute: the suffixed names of all, offered by all.
        const suffixed = shownBy(plain.catalog, plain.all).map(({ shown }) => shown);
        const aimed = config.servers.flatMap((name) =>
          suffixed.flatMap((shown) => (shown.startsWith(`${name}_`) ? shown.slice(name.length + 1) : [])),
        );
        const first = await reached(config, config.worlds[0], aimed);
        const second = await reached(config, config.worlds[1], aimed);
        expect(shownBy(second.catalog, second.all)).toEqual(shownBy(first.catalog, first.all));
        const owners = new Owners(config.servers);
        for (const world of [plain, first, second]) {
          expect(world.stolen).toEqual([]);
          expectTrue(world, owners);
        }
      }),
      { numRuns },
    );
  });

  it("stay with their server whatever the config becomes meanwhile", async () => {
    await fc.assert(
      fc.asyncProperty(configs, steps, async ({ servers, offers, rules, prefix }, steps) => {
        const make = (i: number, offer = offers[i]!) => {
          const member = memberOf(servers[i]!, offer, rules[i]!, []);
          [member.reached, member.state] = [true, "connected"];
          return member;
        };
        const { catalog, presented, members } = catalogOf([make(0)], {
          rule: prefix ? prefixed : bare,
          uriPrefix: prefix,
        });
        const holders = new Map<string, { kind: string; shown: string; server: string }>();
        for (const { at, what, offer } of steps) {
          const i = at % servers.length;
          const place = members.findIndex(({ name }) => name === servers[i]);
          if (what === "comes" && place < 0) members.push(make(i));
          if (what === "goes" && place >= 0) {
            members.splice(place, 1);
            catalog.drop(servers[i]!);
          }
          if (what === "changes" && place >= 0) members[place]!.offer = offer;
          await readAll(catalog);
          for (const one of shownBy(catalog, members)) {
            const key = `${one.kind} ${fold(one.shown)}`;
            expect(holders.get(key)?.server ?? one.server).toBe(one.server);
            holders.set(key, one);
          }
          for (const { kind, shown, server } of holders.values())
            expect(presented.known(kind, { name: shown, arguments: {} })?.upstream.name ?? server).toBe(
              server,
            );
        }
      }),
      { numRuns },
    );
  });
});
