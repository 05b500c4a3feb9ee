import { beforeEach, describe, expect, it, vi } from "vitest";
import { Keychain } from "../../../src/auth/store/keychain-binding.js";
import { rejection } from "../../support/settling.js";

/** A keychain in memory: its entries, what was made for them, and what they fail with. */
const chain = vi.hoisted(() => ({
  entries: new Map<string, string>(),
  made: [] as unknown[],
  before: (_what: string) => {},
}));

vi.mock("@napi-rs/keyring", () => ({
  AsyncEntry: class {
    constructor(
      service: string,
      private readonly account: string,
      options: object,
    ) {
      chain.made.push([service, account, options]);
    }
    async getPassword() {
      chain.before("get");
      return chain.entries.get(this.account) ?? null;
    }
    async setPassword(value: string) {
      chain.before("set");
      chain.entries.set(this.account, value);
    }
    async deleteCredential() {
      chain.before("delete");
      return chain.entries.delete(this.account);
    }
  },
}));

beforeEach(() => {
  chain.entries.clear();
  chain.made = [];
  chain.before = () => {};
});

const REAL = { linux: { store: "secret-service" } };

describe("the entries of a keychain", () => {
  it("are read, written and removed, and made once each", async () => {
    const keychain = new Keychain("mine");
    expect(await keychain.get("a")).toBeNull();
    await keychain.set("a", "1");
    await keychain.set("b", "2");
    expect([await keychain.get("a"), await keychain.get("b")]).toEqual(["1", "2"]);
    expect(chain.made).toEqual([
      ["mine", "a", REAL],
      ["mine", "b", REAL],
    ]);
  });

  it("that were removed are none, and are made anew", async () => {
    const keychain = new Keychain("mine");
    await keychain.set("a", "1");
    await keychain.remove("a");
    expect(await keychain.get("a")).toBeNull();
    expect(chain.made).toHaveLength(2);
  });

  it("that cannot be used say so, what they need, and what needs none; the next call tries anew", async () => {
    const keychain = new Keychain("mine");
    const cause = new Error("no bus");
    chain.before = () => {
      throw cause;
    };
    const needed =
      process.platform === "linux"
        ? "; it needs a session bus and a Secret Service (GNOME Keyring, KWallet) that is unlocked"
        : "";
    for (const [what, failed] of [
      ["read", () => keychain.get("a")],
      ["written", () => keychain.set("a", "1")],
      ["written", () => keychain.remove("a")],
    ] as const)
      expect(await rejection(failed())).toMatchObject({
        code: "CONFIG_INVALID",
        path: "store",
        message: `the keychain of this machine cannot be ${what}: no bus${needed}. fileStore() needs none`,
        cause,
      });
    expect(chain.made).toHaveLength(3);
  });

  it("are let go where there are many, and not for one that is known", async () => {
    const keychain = new Keychain("mine");
    const accounts = Array.from({ length: 16 }, (_, i) => `a${i}`);
    for (const account of [...accounts, ...accounts]) await keychain.get(account);
    expect(chain.made).toHaveLength(16);
    await keychain.get("one more");
    await keychain.get("a0");
    expect(chain.made).toHaveLength(18);
  });
});
