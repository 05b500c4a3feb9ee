import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { keyIn } from "../../../src/auth/store/key-file.js";
import { rejection } from "../../support/fixtures.js";
import { temporary } from "../../support/temporary.js";

describe("a key in a file", () => {
  it("is made once, also by several at a time, and only its user may read it", async () => {
    const directory = join(temporary(), "holdfast");
    const path = join(directory, "serve-key");
    const keys = await Promise.all([1, 2, 3, 4].map(() => keyIn(path)));
    expect(new Set(keys).size).toBe(1);
    expect(await keyIn(path)).toBe(keys[0]);
    expect(readdirSync(directory)).toEqual(["serve-key"]);
    if (process.platform !== "win32") expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("is another one when it is turned over", async () => {
    const path = join(temporary(), "serve-key");
    const first = await keyIn(path);
    const second = await keyIn(path, { renew: true });
    expect(second).not.toBe(first);
    expect(readFileSync(path, "utf8")).toBe(second);
    expect(await keyIn(path)).toBe(second);
  });

  it("may be written by hand, and nothing else is taken for one", async () => {
    const path = join(temporary(), "serve-key");
    const byHand = "k".repeat(43);
    writeFileSync(path, `${byHand}\n`, { mode: 0o600 });
    expect(await keyIn(path)).toBe(byHand);
    for (const other of [`!${byHand}`, `${byHand}!`, byHand.slice(1)]) {
      writeFileSync(path, other);
      expect(await rejection(keyIn(path))).toMatchObject({ message: expect.stringMatching(/holds no key/) });
      expect(readFileSync(path, "utf8")).toBe(other);
    }
  });

  it.skipIf(process.getuid?.() === 0 || process.platform === "win32")(
    "says why none can be made",
    async () => {
      const directory = temporary();
      chmodSync(directory, 0o500);
      expect(await rejection(keyIn(join(directory, "serve-key")))).toMatchObject({ code: "EACCES" });
    },
  );

  it.skipIf(process.platform === "win32")("is not read from where others could put it", async () => {
    const directory = temporary();
    const path = join(directory, "serve-key");
    const key = await keyIn(path);
    chmodSync(path, 0o644);
    expect(await rejection(keyIn(path))).toMatchObject({ message: expect.stringMatching(/not used/) });
    chmodSync(path, 0o600);
    const linked = join(directory, "linked");
    symlinkSync(path, linked);
    expect(await rejection(keyIn(linked))).toMatchObject({ message: expect.stringMatching(/is a link/) });
    const open = join(directory, "open");
    mkdirSync(open);
    chmodSync(open, 0o777);
    await rejection(keyIn(join(open, "serve-key")));
    writeFileSync(join(directory, "short"), "short", { mode: 0o600 });
    expect(await rejection(keyIn(join(directory, "short")))).toMatchObject({
      message: expect.stringMatching(/holds no key/),
    });
    expect(await keyIn(path)).toBe(key);
  });
});
