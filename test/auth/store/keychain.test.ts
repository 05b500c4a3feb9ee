import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { keychainStore } from "../../../src/auth/store/keychain.js";
import { Keychain } from "../../../src/auth/store/keychain-binding.js";
import type { StoredCredential } from "../../../src/auth/store/store.js";
import { credential, SERVER, temporaryDirectory } from "../../support/credentials.js";

/** A keychain in memory: its entries by account, what was done to them, and what that fails with. */
const chain = {
  entries: new Map<string, string>(),
  services: new Set<string>(),
  did: [] as string[],
  before: (_what: string) => {},
};

beforeEach(() => {
  chain.entries = new Map();
  chain.services.clear();
  chain.did = [];
  chain.before = () => {};
  const touch = ({ service }: Keychain, what: string, account: string) => {
    chain.services.add(service);
    chain.before(`${what} ${account}`);
    if (what !== "get") chain.did.push(`${what} ${account}`);
  };
  vi.spyOn(Keychain.prototype, "get").mockImplementation(async function (this: Keychain, account) {
    touch(this, "get", account);
    return chain.entries.get(account) ?? null;
  });
  vi.spyOn(Keychain.prototype, "set").mockImplementation(async function (this: Keychain, account, value) {
    touch(this, "set", account);
    chain.entries.set(account, value);
  });
  vi.spyOn(Keychain.prototype, "remove").mockImplementation(async function (this: Keychain, account) {
    touch(this, "delete", account);
    chain.entries.delete(account);
  });
});
afterEach(() => void vi.restoreAllMocks());

/** Longer than three entries of any system. */
const LONG = "x".repeat(150_000);
const long = (number: number, text = LONG): StoredCredential => ({
  ...credential(number),
  tokens: { ...credential(number).tokens!, refresh_token: text },
});

function rig() {
  const directory = join(temporaryDirectory(), "locks");
  const store = keychainStore({ service: "mine", directory });
  const save = (...credentials: StoredCredential[]) =>
    store.update(SERVER, (update) => update.save(credentials));
  const pieces = () => [...chain.entries.keys()].filter((account) => account !== SERVER);
  const index = () => JSON.parse(chain.entries.get(SERVER)!.split("\n")[0]!);
  return { directory, store, save, pieces, index };
}

/** The index of an entry without pieces. */
const NOTHING = { left: [] };

/** The account of a piece, without its number. */
const idOf = (account: string) => account.replace(/\.\d+$/, "");

describe("a store in a keychain", () => {
  it("has one entry for a server, under the name of its service", async () => {
    const { store, save } = rig();
    expect(await store.list(SERVER)).toEqual([]);
    await save(credential(1), credential(2));
    expect((await store.list(SERVER)).map(({ savedAt }) => savedAt)).toEqual([2, 1]);
    const [head, text, ...rest] = chain.entries.get(SERVER)!.split("\n");
    expect([JSON.parse(head!), rest]).toEqual([NOTHING, []]);
    expect(JSON.parse(text!)).toEqual({ version: 1, credentials: [credential(2), credential(1)] });
    expect([...chain.services]).toEqual(["mine"]);
  });

  it("is holdfast's where nobody names another service", async () => {
    const directory = join(temporaryDirectory(), "locks");
    await keychainStore({ directory }).list(SERVER);
    expect([...chain.services]).toEqual(["holdfast"]);
  });

  it("has no entry for nothing, and says so to the keychain even where there was none", async () => {
    const { store, save } = rig();
    await save();
    await save(credential(1));
    chain.did = [];
    await save();
    expect(chain.did).toEqual([`delete ${SERVER}`]);
    expect(chain.entries.size).toBe(0);
    expect(await store.list(SERVER)).toEqual([]);
  });

  it("keeps what it does not know, in characters that any system counts alike", async () => {
    const { store, save } = rig();
    await save(credential(1));
    const others = { version: 1, later: { a: 1 }, credentials: [] };
    chain.entries.set(SERVER, `{}\n${JSON.stringify(others)}`);
    await save(long(1, "é😀\u007f"));
    const text = chain.entries.get(SERVER)!;
    expect(text).toContain("\\u00e9\\ud83d\\ude00\u007f");
    expect(JSON.parse(text.split("\n")[1]!)).toMatchObject({ later: { a: 1 } });
    expect((await store.list(SERVER))[0]!.tokens!.refresh_token).toBe("é😀\u007f");
  });

  it("splits what is too long, and joins it again", async () => {
    const { store, save, pieces, index } = rig();
    await save(long(1));
    const { id, count } = index().pieces;
    expect(id).toMatch(/^[0-9a-f]{8}$/);
    expect(pieces()).toEqual(Array.from({ length: count }, (_, i) => `${SERVER}#${id}.${i + 1}`));
    expect(count).toBeGreaterThan(2);
    expect(chain.entries.get(SERVER)).toBe(`${JSON.stringify({ pieces: { id, count }, left: [] })}\n`);
    const lengths = pieces().map((account) => chain.entries.get(account)!.length);
    const [first] = lengths;
    expect(lengths.slice(0, -1).every((length) => length === first)).toBe(true);
    expect(lengths.at(-1)).toBeLessThanOrEqual(first!);
    expect(await store.list(SERVER)).toEqual([long(1)]);
  });

  it("removes the pieces of before, once the new value counts", async () => {
    const { store, save, pieces, index } = rig();
    await save(long(1));
    const old = idOf(pieces()[0]!);
    chain.did = [];
    await save(long(2));
    expect(new Set(pieces().map(idOf)).size).toBe(1);
    expect(idOf(pieces()[0]!)).not.toBe(old);
    expect(index()).not.toHaveProperty("left");
    const counts = chain.did.lastIndexOf(`set ${SERVER}`);
    expect(chain.did.indexOf(`delete ${old}.1`)).toBeGreaterThan(chain.did.indexOf(`set ${SERVER}`));
    expect(counts).toBe(chain.did.length - 1);
    await save(credential(3));
    expect(pieces()).toEqual([]);
    expect(chain.entries.get(SERVER)!.split("\n")[0]).toBe("{}");
    await save(long(4));
    await save();
    expect(chain.entries.size).toBe(0);
    expect(await store.list(SERVER)).toEqual([]);
  });

  it("just at the limit is one entry, and beyond it is not", async () => {
    const { save, pieces, index } = rig();
    await save(long(1));
    const longest = chain.entries.get(pieces()[0]!)!.length;
    const bare = JSON.stringify({ version: 1, credentials: [long(1, "")] }).length;
    await save(long(1, "x".repeat(longest - 200 - bare)));
    expect(pieces()).toEqual([]);
    await save(long(1, "x".repeat(longest - 199 - bare)));
    expect(index().pieces.count).toBe(1);
  });

  it.each(["set", "delete"])(
    "whose writer ends in the middle (%s) has the old value or the new one, and what is left goes with the next",
    async (what) => {
      const { store, save, pieces } = rig();
      await save(long(1));
      for (let step = 1; ; step++) {
        let steps = 0;
        chain.before = (did) => {
          if (did.startsWith(what) && ++steps === step) throw new Error("the program ended");
        };
        const ended = await save(long(step + 1)).then(
          () => false,
          () => true,
        );
        chain.before = () => {};
        const [found] = await store.list(SERVER);
        expect(found!.tokens!.refresh_token).toBe(LONG);
        if (!ended) break;
        await save(long(1));
        expect(new Set(pieces().map(idOf)).size).toBe(1);
      }
    },
  );

  it("reads again where a writer took the pieces away meanwhile", async () => {
    const { store, save } = rig();
    await save(long(1));
    const old = new Map(chain.entries);
    await save(long(2));
    const now = new Map(chain.entries);
    // The reader sees the head of before, and by then its pieces are gone.
    chain.entries = new Map([...now, [SERVER, old.get(SERVER)!]]);
    let reads = 0;
    chain.before = (did) => {
      if (did === `get ${SERVER}` && ++reads === 2) chain.entries = now;
    };
    expect(await store.list(SERVER)).toEqual([long(2)]);
    expect(reads).toBe(3);
  });

  it("counts what cannot be used as empty, and replaces it", async () => {
    const { store, save } = rig();
    const head = (index: object) => `${JSON.stringify(index)}\n`;
    for (const text of [
      "",
      "x",
      "{}\nx",
      '{"left":7}\n{}',
      head({ pieces: { id: "0", count: 2 } }),
      head({ pieces: { id: "0", count: 0 } }),
      head({ pieces: { id: "0", count: 1.5 } }),
      head({ pieces: { id: "0", count: 10_000 } }),
    ]) {
      chain.entries.set(SERVER, text);
      expect(await store.list(SERVER)).toEqual([]);
      await save(credential(1));
      expect(await store.list(SERVER)).toEqual([credential(1)]);
    }
    expect([...chain.entries.keys()]).toEqual([SERVER]);
  });
});
