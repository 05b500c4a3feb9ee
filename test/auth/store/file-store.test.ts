import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { defaultDirectory } from "../../../src/auth/store/directory.js";
import { fileStore } from "../../../src/auth/store/file.js";
import type { StoredCredential } from "../../../src/auth/store/store.js";
import { makeClaim } from "../../support/claims.js";
import { credential, gate, numberOf, SERVER, temporaryDirectory } from "../../support/credentials.js";

const NAME = "mcp.example-b1b747a21dbf8cf4.json";

function temporaryStore() {
  const directory = join(temporaryDirectory(), "credentials");
  const onWarning = vi.fn<(message: string) => void>();
  const store = fileStore({ directory, onWarning });
  const save = (...credentials: StoredCredential[]) =>
    store.update(SERVER, (update) => update.save(credentials));
  return { directory, file: join(directory, NAME), onWarning, store, save };
}

/** As the store itself makes its files. */
const PRIVATE = { mode: 0o600 };

const modeOf = (path: string) => statSync(path).mode & 0o777;

describe("a store of files", () => {
  it("keeps one for each server, which only their user may read", async () => {
    const { directory, file, store, save } = temporaryStore();
    await save(credential(1));
    await store.update("http://[::1]:3000/mcp", (update) => update.save([credential(2)]));
    await store.update("no url", (update) => update.save([credential(3)]));
    await store.update(`https://${"a.".repeat(120)}example`, (update) => update.save([credential(4)]));
    expect(readdirSync(directory).sort()).toStrictEqual([
      expect.stringMatching(/^___1__3000-[0-9a-f]{16}\.json$/),
      expect.stringMatching(/^(a\.){50}-[0-9a-f]{16}\.json$/),
      NAME,
      expect.stringMatching(/^server-[0-9a-f]{16}\.json$/),
    ]);
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ version: 1, credentials: [credential(1)] });
    expect(modeOf(directory)).toBe(0o700);
    expect(modeOf(file)).toBe(0o600);
  });

  it("is not used where somebody let others read or change it, and says how to mend that", async () => {
    const { directory, file, store, save } = temporaryStore();
    await save(credential(1));
    const refused = async (message: string) => {
      const never = vi.fn();
      const wrong = { code: "CONFIG_INVALID", path: "store", message: expect.stringContaining(message) };
      await expect(store.list(SERVER)).rejects.toMatchObject(wrong);
      await expect(store.all()).rejects.toMatchObject(wrong);
      await expect(store.update(SERVER, never)).rejects.toMatchObject(wrong);
      expect(never).not.toHaveBeenCalled();
      expect(readdirSync(directory)).toEqual([NAME]);
    };
    chmodSync(file, 0o644);
    await refused(`${file} is not used: others may read it (mode 644); to change that: chmod 600 ${file}`);
    chmodSync(file, 0o600);
    chmodSync(directory, 0o777);
    await refused(`others may write to it (mode 777); to change that: chmod go-w ${directory}`);
    chmodSync(directory, 0o755);
    expect(await store.list(SERVER)).toEqual([credential(1)]);
  });

  it("is not used where one of its files is a link, or none", async () => {
    const { directory, file, store, save } = temporaryStore();
    await save(credential(1));
    const elsewhere = join(directory, "..", "elsewhere.json");
    renameSync(file, elsewhere);
    symlinkSync(elsewhere, file);
    await expect(store.list(SERVER)).rejects.toThrow(
      `${file} is a link; put the file itself there, or remove it`,
    );
    await expect(save(credential(2))).rejects.toThrow(/is a link/);
    expect(JSON.parse(readFileSync(elsewhere, "utf8"))).toEqual({ version: 1, credentials: [credential(1)] });
    rmSync(file);
    mkdirSync(file);
    await expect(store.list(SERVER)).rejects.toThrow(`${file} is not used: it is no file`);
  });

  it.skipIf(process.getuid?.() !== 0)(
    "is not used where another user owns the file or the directory",
    async () => {
      const { directory, file, store, save } = temporaryStore();
      await save(credential(1));
      chownSync(file, 65_534, 0);
      await expect(store.list(SERVER)).rejects.toThrow(
        `it belongs to another user (uid 65534); if it should be yours: chown 0 ${file}`,
      );
      chownSync(file, 0, 0);
      chownSync(directory, 65_534, 0);
      await expect(save(credential(2))).rejects.toThrow(/cannot be written: it belongs to another user/);
    },
  );

  it("of the same directory is the same store, the newest first", async () => {
    const { directory, save } = temporaryStore();
    await save(credential(1), credential(3), credential(2));
    const other = fileStore({ directory });
    expect((await other.list(SERVER)).map((stored) => stored.savedAt)).toEqual([3, 2, 1]);
    await other.update(SERVER, async ({ stored }) => expect(stored).toHaveLength(3));
  });

  it("gives the newest first also where somebody wrote them otherwise", async () => {
    const { directory, file, store } = temporaryStore();
    mkdirSync(directory);
    writeFileSync(file, JSON.stringify({ version: 1, credentials: [credential(1), credential(2)] }), PRIVATE);
    expect(numberOf(await store.list(SERVER))).toBe(2);
    expect(await store.update(SERVER, async ({ stored }) => numberOf(stored))).toBe(2);
  });

  it("saves in the order of asking, however long one save takes", async () => {
    const { store } = temporaryStore();
    await store.update(SERVER, async ({ save }) => {
      const long = { ...credential(1), issuer: "x".repeat(5_000_000) };
      await Promise.all([save([long]), save([credential(2)])]);
    });
    expect(await store.list(SERVER)).toEqual([credential(2)]);
  });

  it("is not made by reading it", async () => {
    const { directory, store } = temporaryStore();
    expect(await store.list(SERVER)).toEqual([]);
    expect(existsSync(directory)).toBe(false);
  });

  it("has no file for nothing", async () => {
    const { directory, store, save } = temporaryStore();
    await save(credential(1));
    await save();
    expect(readdirSync(directory)).toEqual([]);
    await save();
    expect(await store.list(SERVER)).toEqual([]);
  });

  it("keeps the fields that it does not know", async () => {
    const { directory, file, store } = temporaryStore();
    const known = credential(1);
    const stored = {
      ...known,
      note: 1,
      tokens: { ...known.tokens, extra: 2 },
      registration: { client_id: "i", extra: 3 },
    };
    mkdirSync(directory);
    writeFileSync(file, JSON.stringify({ version: 1, other: 4, credentials: [stored] }), PRIVATE);
    expect(await store.list(SERVER)).toEqual([stored]);
    await store.update(SERVER, (update) => update.save([...update.stored, credential(2)]));
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({
      version: 1,
      other: 4,
      credentials: [credential(2), stored],
    });
  });

  it("gives fifty who count at once a turn each", async () => {
    const { directory, store } = temporaryStore();
    const count = () =>
      store.update(SERVER, async ({ stored, save }) => {
        await save([credential(numberOf(stored) + 1)]);
        return numberOf(stored);
      });
    const counts = await Promise.all(Array.from({ length: 50 }, count));
    expect(counts).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(numberOf(await store.list(SERVER))).toBe(50);
    expect(readdirSync(directory)).toEqual([NAME]);
  });

  it("lists while an update is under way, here or elsewhere", async () => {
    const { file, store, save } = temporaryStore();
    await save(credential(1));
    const { open, opened } = gate();
    const saved = gate();
    const update = store.update(SERVER, async (turn) => {
      await turn.save([credential(2)]);
      saved.open();
      await opened;
      await turn.save([credential(3)]);
    });
    await saved.opened;
    expect(numberOf(await store.list(SERVER))).toBe(2);
    open();
    await update;
    makeClaim(file);
    expect(numberOf(await store.list(SERVER))).toBe(3);
  });

  it("waits no longer than it is told to", async () => {
    const { directory, file, store } = temporaryStore();
    mkdirSync(directory);
    makeClaim(file);
    const controller = new AbortController();
    const never = vi.fn();
    const update = store.update(SERVER, never, controller.signal);
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(update).rejects.toBe(reason);
    expect(never).not.toHaveBeenCalled();
  });

  it("gives up its turn where the work throws, with the work's error", async () => {
    const { directory, store, save } = temporaryStore();
    const error = Object.assign(new Error("no"), { code: "ENOENT" });
    await expect(store.update(SERVER, () => Promise.reject(error))).rejects.toBe(error);
    await save(credential(1));
    expect(readdirSync(directory)).toEqual([NAME]);
  });

  it("saves nothing once another took its turn", async () => {
    const { directory, file, store, save } = temporaryStore();
    await save(credential(1));
    for (const credentials of [[credential(2)], []]) {
      const update = store.update(SERVER, async (turn) => {
        const lock = readdirSync(directory).find((name) => name.includes(".lock-"));
        rmSync(join(directory, lock!));
        await turn.save(credentials);
      });
      await expect(update).rejects.toMatchObject({
        code: "CONFIG_INVALID",
        path: "store",
        message: `the lock of ${file} was lost: this program stood still`,
      });
    }
    expect(numberOf(await store.list(SERVER))).toBe(1);
    expect(readdirSync(directory)).toEqual([NAME]);
  });
});

describe("the credentials of every server", () => {
  const OTHER = "https://other.example/mcp";

  it("are listed the newest first, and nothing else that lies there", async () => {
    const { directory, file, store, save } = temporaryStore();
    expect(await store.all()).toEqual([]);
    expect(existsSync(directory)).toBe(false);
    await save(credential(1), credential(3));
    const other = { ...credential(2), server: OTHER };
    await store.update(OTHER, (update) => update.save([other]));
    const strange = readFileSync(file, "utf8");
    for (const end of [".tmp-0123456789abcdef", ".broken-1700000000000"])
      writeFileSync(`${file}${end}`, strange);
    writeFileSync(join(directory, "notes.json"), strange);
    const { open, opened } = gate();
    const update = store.update(SERVER, () => opened);
    expect(await store.all()).toEqual([credential(3), other, credential(1)]);
    open();
    await update;
    await save();
    expect(await store.all()).toEqual([other]);
  });

  it("are those of the files that can be used, and each other one is told of once", async () => {
    const { file, onWarning, store, save } = temporaryStore();
    await save(credential(1));
    const other = { ...credential(2), server: OTHER };
    await store.update(OTHER, (update) => update.save([other]));
    writeFileSync(file, "{", PRIVATE);
    for (let times = 0; times < 2; times++) expect(await store.all()).toEqual([other]);
    await store.list(SERVER);
    expect(onWarning.mock.calls).toEqual([[`${file} counts as empty: it is not JSON`]]);
  });

  it("cannot be listed where the directory is none", async () => {
    const directory = join(temporaryDirectory(), "file");
    writeFileSync(directory, "");
    await expect(fileStore({ directory }).all()).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      path: "store",
      message: expect.stringMatching(`^the credential store ${directory} cannot be read: ENOTDIR`),
    });
  });
});

describe("a temporary file that a killed writer left", () => {
  it("is swept by the next update, and by nobody without a turn", async () => {
    const { directory, file, store, save } = temporaryStore();
    await save(credential(1));
    const left = `${file}.tmp-0123456789abcdef`;
    const others = join(directory, "other.json.tmp-0123456789abcdef");
    writeFileSync(left, "{");
    writeFileSync(others, "{");
    expect(numberOf(await store.list(SERVER))).toBe(1);
    expect(existsSync(left)).toBe(true);
    await store.update(SERVER, async () => expect(existsSync(left)).toBe(false));
    expect(existsSync(others)).toBe(true);
  });
});

describe("a file that cannot be used", () => {
  const SECRET = "s3cr3t-t0k3n";
  const wrong = (part: object) =>
    JSON.stringify({ version: 1, credentials: [{ ...credential(1), ...part, note: SECRET }] });

  it.each([
    ["is not JSON", `${SECRET}{`, "it is not JSON"],
    ["is cut off", wrong({}).slice(0, -3), "it is not JSON"],
    ["is empty", "", "it is not JSON"],
    ["is no object", `["${SECRET}"]`, 'it has the wrong shape at ""'],
    ["is of another version", `{"version":2,"credentials":[]}`, 'it has the wrong shape at "version"'],
    ["lists nothing", `{"version":1}`, 'it has the wrong shape at "credentials"'],
    ["has a wrong time", wrong({ savedAt: SECRET }), 'it has the wrong shape at "credentials.0.savedAt"'],
    ["has no server", wrong({ server: undefined }), 'it has the wrong shape at "credentials.0.server"'],
    [
      "has a wrong token",
      wrong({ tokens: { access_token: 7, token_type: SECRET } }),
      'it has the wrong shape at "credentials.0.tokens.access_token"',
    ],
    [
      "has a wrong registration",
      wrong({ registration: { client_secret: SECRET } }),
      'it has the wrong shape at "credentials.0.registration.client_id"',
    ],
  ])("because it %s is set aside and counts as empty", async (_what, text, why) => {
    const { directory, file, onWarning, store } = temporaryStore();
    mkdirSync(directory);
    writeFileSync(file, text, PRIVATE);
    expect(await store.list(SERVER)).toEqual([]);
    expect(await store.list(SERVER)).toEqual([]);
    expect(onWarning.mock.calls).toEqual([[`${file} counts as empty: ${why}`]]);
    expect(readFileSync(file, "utf8")).toBe(text);

    await store.update(SERVER, async ({ stored, save }) => {
      expect(stored).toEqual([]);
      await save([credential(1)]);
    });
    const [broken] = readdirSync(directory).filter((name) => /^.+\.json\.broken-\d{13}$/.test(name));
    expect(readFileSync(join(directory, broken!), "utf8")).toBe(text);
    expect(onWarning).toHaveBeenLastCalledWith(
      `${file} counts as empty: ${why}; it was moved to ${join(directory, broken!)}`,
    );
    expect(JSON.stringify(onWarning.mock.calls)).not.toContain(SECRET);
    expect(await store.list(SERVER)).toEqual([credential(1)]);
    expect(onWarning).toHaveBeenCalledTimes(2);
  });

  it("never takes the place of an earlier one", async () => {
    const { directory, file, store } = temporaryStore();
    mkdirSync(directory);
    vi.useFakeTimers({ toFake: ["Date"], now: 1_700_000_000_000 });
    onTestFinished(() => void vi.useRealTimers());
    for (const text of ["one", "two"]) {
      writeFileSync(file, text, PRIVATE);
      await store.update(SERVER, async () => {});
    }
    expect(readFileSync(`${file}.broken-1700000000000`, "utf8")).toBe("one");
    expect(readFileSync(`${file}.broken-1700000000001`, "utf8")).toBe("two");
  });

  it("is told of again where it was mended in between", async () => {
    const { file, onWarning, store, save } = temporaryStore();
    await save(credential(1));
    for (let times = 1; times <= 2; times++) {
      writeFileSync(file, "{", PRIVATE);
      await store.list(SERVER);
      expect(onWarning).toHaveBeenCalledTimes(times);
      writeFileSync(file, `{"version":1,"credentials":[]}`, PRIVATE);
      await store.list(SERVER);
    }
  });

  it("disturbs nobody where nobody listens, or who listens throws", async () => {
    const { directory, file } = temporaryStore();
    mkdirSync(directory);
    const onWarning = () => {
      throw new Error("no");
    };
    for (const store of [fileStore({ directory }), fileStore({ directory, onWarning })]) {
      writeFileSync(file, "{", PRIVATE);
      expect(await store.list(SERVER)).toEqual([]);
      expect(await store.update(SERVER, async ({ stored }) => stored)).toEqual([]);
    }
  });
});

describe("a directory", () => {
  it("that cannot be written is named", async () => {
    const file = join(temporaryDirectory(), "file");
    writeFileSync(file, "");
    const directory = join(file, "credentials");
    const store = fileStore({ directory });
    const expected = (what: string) => ({
      name: "HoldfastError",
      code: "CONFIG_INVALID",
      path: "store",
      message: expect.stringMatching(`^the credential store ${directory} cannot be ${what}: ENOTDIR`),
    });
    const never = vi.fn();
    await expect(store.update(SERVER, never)).rejects.toMatchObject(expected("written"));
    expect(never).not.toHaveBeenCalled();
    await expect(store.list(SERVER)).rejects.toMatchObject(expected("read"));
  });

  it("that cannot be written for a while is named by the save, and leaves the turn as it is", async () => {
    const { directory, file, store } = temporaryStore();
    await store.update(SERVER, async (update) => {
      mkdirSync(file);
      await expect(update.save([credential(1)])).rejects.toMatchObject({
        code: "CONFIG_INVALID",
        message: expect.stringContaining(`the credential store ${directory} cannot be written`),
      });
      expect(update.stored).toEqual([]);
      expect(readdirSync(directory).filter((name) => name.includes(".tmp-"))).toEqual([]);
      rmdirSync(file);
      await update.save([credential(2)]);
    });
    expect(await store.list(SERVER)).toEqual([credential(2)]);
    expect(readdirSync(directory)).toEqual([NAME]);
  });

  it.each([
    ["linux", { XDG_DATA_HOME: "/data" }, "/data/holdfast/credentials"],
    ["linux", { XDG_DATA_HOME: "data" }, join(homedir(), ".local/share/holdfast/credentials")],
    ["linux", {}, join(homedir(), ".local/share/holdfast/credentials")],
    ["darwin", {}, join(homedir(), "Library/Application Support/holdfast/credentials")],
    ["win32", { LOCALAPPDATA: "/local" }, "/local/holdfast/credentials"],
    ["win32", {}, join(homedir(), "AppData/Local/holdfast/credentials")],
  ] as const)("on %s with %j is %s", (platform, env, directory) => {
    expect(defaultDirectory(platform, env)).toBe(directory);
  });

  it.runIf(process.platform === "linux")("is the user's where none is named", async () => {
    const home = temporaryDirectory();
    vi.stubEnv("XDG_DATA_HOME", home);
    onTestFinished(() => void vi.unstubAllEnvs());
    await fileStore().update(SERVER, ({ save }) => save([credential(1)]));
    expect(readdirSync(join(home, "holdfast", "credentials"))).toEqual([NAME]);
  });
});
