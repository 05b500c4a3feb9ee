import { readdirSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Keychain, openKeychain } from "../../support/keychain.js";
import { describeWith } from "../../support/peers.js";

const KILLS = 15;
/** From its first update on; the longest take about 200 ms. */
const LATEST_KILL_MS = 250;
const SERVER = "https://mcp.example/mcp";
const WINDOWS = { LIMIT: "windows" };
const PIECE = /^https:\/\/mcp\.example\/mcp#[0-9a-f]{8}\.\d+$/;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Tells the error that `list` and `update` reject with. */
const TELL_ERRORS = `
  const picture = ({ name, code, path, message }) => ({ name, code, path, message });
  await keychainStore({ directory }).list(SERVER).catch((error) => tell(picture(error)));
  await save(keychainStore({ directory }), credential(1)).catch((error) => tell(picture(error)));
`;

describeWith(["dbus-run-session", "gnome-keyring-daemon"], "a store in the keychain", () => {
  let keychain: Keychain;
  beforeAll(async () => {
    keychain = await openKeychain();
  });
  afterAll(() => keychain.close());

  it("has one entry for each server, and another store of its service finds it", async () => {
    const answers = await keychain.run(`
      const store = keychainStore({ directory });
      tell(await store.list(SERVER));
      await save(store, credential(1), credential(3), credential(2));
      await store.update("https://other.example", (update) => update.save([credential(4)]));
      tell((await keychainStore({ directory }).list(SERVER)).map(({ savedAt }) => savedAt));
      tell(await keychainStore({ service: "another", directory }).list(SERVER));
      tell(accounts("holdfast"));
      await store.update(SERVER, async ({ stored }) => tell(stored[0]));
      await save(store);
      await store.update("https://other.example", (update) => update.save([]));
      tell(accounts("holdfast"));
      await save(store);
      tell(await store.list(SERVER));
    `);
    const [before, times, another, entries, newest, after, nothing] = answers;
    expect({ before, times, another }).toEqual({ before: [], times: [3, 2, 1], another: [] });
    expect(entries).toEqual([SERVER, "https://other.example"]);
    expect(newest).toMatchObject({ savedAt: 3, tokens: { access_token: "3", token_type: "Bearer" } });
    expect({ after, nothing }).toEqual({ after: [], nothing: [] });
  });

  it("leaves nothing beside the lock, and that only while it is held", async () => {
    const [during] = await keychain.run(`
      const { readdirSync } = await import("node:fs");
      await keychainStore({ directory }).update(SERVER, async () => tell(readdirSync(directory)));
    `);
    expect(during).toEqual([expect.stringMatching(/^mcp\.example-[0-9a-f]{16}\.keychain\.lock-/)]);
    expect(readdirSync(keychain.locks)).toEqual([]);
  });

  it.each([
    ["of Windows", WINDOWS, 1_200],
    ["of this machine", {}, 60_000],
  ])("splits what is too long for the entries %s, and joins it again", async (_whose, more, longest) => {
    const answers = await keychain.run(
      `
      const service = "split";
      const store = keychainStore({ service, directory });
      for (const length of [1, ${longest - 400}, ${longest}, ${longest * 5}, 10, ${longest * 3}]) {
        const text = "é😀".repeat(length).slice(0, length);
        const given = credential(length, text);
        await save(store, given);
        const entries = findCredentials(service);
        tell({
          same: (await keychainStore({ service, directory }).list(SERVER))[0].tokens.refresh_token === text,
          accounts: entries.map(({ account }) => account),
          longest: Math.max(...entries.map(({ password }) => password.length)),
        });
      }
      await save(store);
      tell(accounts(service));
    `,
      more,
    );
    const steps = answers.slice(0, -1) as { same: boolean; accounts: string[]; longest: number }[];
    expect(steps.map(({ same }) => same)).toEqual([true, true, true, true, true, true]);
    for (const { accounts, longest: found } of steps) {
      expect(found).toBeLessThanOrEqual(longest);
      expect(accounts.filter((account) => !PIECE.test(account))).toEqual([SERVER]);
    }
    expect(steps[0]?.accounts).toHaveLength(1);
    expect(steps[3]?.accounts.length).toBeGreaterThan(15);
    expect(steps[4]?.accounts).toHaveLength(1);
    expect(answers.at(-1)).toEqual([]);
  });

  it("shows a reader the old value or the new one, whole", async () => {
    const [seen] = await keychain.run(
      `
      const writer = keychainStore({ service: "reader", directory });
      const reader = keychainStore({ service: "reader", directory });
      await save(writer, credential(1, "1.".repeat(2_000)));
      let done = false;
      const seen = { whole: 0, other: 0, back: 0, last: 0 };
      const reading = (async () => {
        while (!done) {
          const [found] = await reader.list(SERVER);
          const number = Number(found?.tokens.access_token);
          seen[found?.tokens.refresh_token === (number + ".").repeat(2_000) ? "whole" : "other"]++;
          if (number < seen.last) seen.back++;
          seen.last = number;
        }
      })();
      for (let i = 2; i <= 20; i++) await save(writer, credential(i, (i + ".").repeat(2_000)));
      done = true;
      await reading;
      tell(seen);
    `,
      WINDOWS,
    );
    expect(seen).toMatchObject({ other: 0, back: 0 });
    expect((seen as { whole: number }).whole).toBeGreaterThan(10);
  });

  it("counts what cannot be used as empty, and replaces it", async () => {
    const answers = await keychain.run(
      `
      const store = keychainStore({ service: "broken", directory });
      const head = raw("broken", SERVER);
      for (const text of ["", "x", "{}\\nx", '{"pieces":{"id":"00000000","count":2}}\\n', '{"left":7}\\n{}']) {
        await head.setPassword(text);
        tell(await store.list(SERVER));
        await save(store, credential(1));
        tell(numberOf(await store.list(SERVER)));
      }
      tell(accounts("broken"));
    `,
      WINDOWS,
    );
    expect(answers).toEqual([...Array.from({ length: 5 }, () => [[], 1]).flat(), [SERVER]]);
  });

  it("gives four programs that count up ten times each a turn each", async () => {
    const count = `
      const store = keychainStore({ service: "count", directory });
      for (let i = 0; i < 10; i++)
        await store.update(SERVER, async ({ stored, save }) => save([credential(numberOf(stored) + 1)]));
    `;
    await Promise.all([1, 2, 3, 4].map(() => keychain.run(count)));
    const answers = await keychain.run(
      `tell(numberOf(await keychainStore({ service: "count", directory }).list(SERVER)));`,
    );
    expect(answers).toEqual([40]);
  });

  it("keeps the old value or the new one where its writer is killed, and no piece of another", async () => {
    const write = `
      const store = keychainStore({ service: "kill", directory });
      tell(numberOf(await store.list(SERVER)));
      for (;;) await store.update(SERVER, async ({ stored, save }) => {
        const number = numberOf(stored) + 1;
        tell(number);
        await save([credential(number, (number + ".").repeat(2_000))]);
      });
    `;
    const look = `
      const store = keychainStore({ service: "kill", directory });
      const [found] = await store.list(SERVER);
      const number = Number(found?.tokens.access_token ?? 0);
      const before = accounts("kill");
      const whole = found?.tokens.refresh_token === (number + ".").repeat(2_000);
      await save(store, credential(number, (number + ".").repeat(2_000)));
      tell({ number, whole, before, after: accounts("kill") });
    `;
    let left = 0;
    let last = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const writer = keychain.start(write, WINDOWS);
      await writer.ready;
      await pause(Math.random() * LATEST_KILL_MS);
      writer.kill();
      const { output } = await writer.end;
      const [found] = (await keychain.run(look, WINDOWS)) as [
        { number: number; whole: boolean; before: string[]; after: string[] },
      ];
      const began = Math.max(...(output as number[]));
      expect([began, Math.max(began - 1, last)]).toContain(found.number);
      if (found.number > 0) expect(found.whole).toBe(true);
      last = found.number;
      expect(new Set(found.after.map((account) => account.replace(/\.\d+$/, ""))).size).toBe(2);
      if (found.before.length > found.after.length) left++;
    }
    // Else the kills hit no update, and this test tells nothing.
    expect(left).toBeGreaterThan(KILLS / 10);
    expect(readdirSync(keychain.locks)).toEqual([]);
  }, 600_000);

  it("opens no connection for each use", async () => {
    const [sockets] = await keychain.run(`
      const { readdirSync, readlinkSync } = await import("node:fs");
      const store = keychainStore({ service: "often", directory });
      for (let i = 0; i < 50; i++) await save(store, credential(i));
      const links = readdirSync("/proc/self/fd").map((fd) => {
        try { return readlinkSync("/proc/self/fd/" + fd); } catch { return ""; }
      });
      tell(links.filter((link) => link.startsWith("socket")).length);
    `);
    expect(sockets).toBeLessThan(10);
  });

  it("says where there is no keychain, and what needs none", async () => {
    const answers = await keychain.run(TELL_ERRORS, { DBUS_SESSION_BUS_ADDRESS: "unix:path=/nowhere" });
    expect(answers).toHaveLength(2);
    for (const error of answers)
      expect(error).toMatchObject({
        name: "HoldfastError",
        code: "CONFIG_INVALID",
        path: "store",
        message: expect.stringMatching(
          /^the keychain of this machine cannot be read: .*DBus.*; it needs a session bus and a Secret Service .*fileStore\(\) needs none$/,
        ),
      });
  });

  it("says where the keychain went away in the middle, and the program goes on", async () => {
    const other = await openKeychain();
    const program = other.start(`
      const store = keychainStore({ directory });
      await save(store, credential(1));
      tell(numberOf(await store.list(SERVER)));
      await new Promise((go) => process.stdin.once("data", go));
      await store.list(SERVER).catch(({ code, message }) => tell({ code, message }));
      await save(store, credential(2)).catch(({ code }) => tell(code));
    `);
    await program.ready;
    await other.close();
    program.go();
    const { code, output } = await program.end;
    // Its lock made the directory again.
    await other.close();
    expect({ code, output }).toEqual({
      code: 0,
      output: [
        1,
        {
          code: "CONFIG_INVALID",
          message: expect.stringContaining("the keychain of this machine cannot be read"),
        },
        "CONFIG_INVALID",
      ],
    });
  });

  it("says where it is locked, and nobody unlocks it", async () => {
    const locked = await openKeychain(true);
    const answers = await locked.run(TELL_ERRORS);
    await locked.close();
    expect(answers.at(-1)).toMatchObject({
      code: "CONFIG_INVALID",
      path: "store",
      message: expect.stringContaining("the keychain of this machine cannot be"),
    });
  });
});

it("a store in the keychain says what to install where its package is missing", async () => {
  // In a program of its own whose modules lie where the package does not.
  const { execFileSync } = await import("node:child_process");
  const store = new URL("../../../dist/auth/store/keychain.js", import.meta.url).href;
  const answers = execFileSync(process.execPath, [
    "--input-type=module",
    "--eval",
    `import { register } from "node:module";
     const hook = "export const resolve = (name, context, next) => { if (name === '@napi-rs/keyring') throw Object.assign(new Error('none'), { code: 'ERR_MODULE_NOT_FOUND' }); return next(name, context); };";
     register("data:text/javascript," + encodeURIComponent(hook));
     const { keychainStore } = await import(${JSON.stringify(store)});
     await keychainStore().list("https://a.example").catch(({ name, code, path, message }) => console.log(JSON.stringify({ name, code, path, message })));`,
  ]);
  expect(JSON.parse(String(answers))).toEqual({
    name: "HoldfastError",
    code: "CONFIG_INVALID",
    path: "store",
    message:
      "keychainStore() needs the package @napi-rs/keyring, which is not installed. Run: npm install @napi-rs/keyring",
  });
});
