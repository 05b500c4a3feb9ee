import { mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openBrowser } from "../../src/auth/sign-in/browser.js";

const PAGE = new URL("https://a.example/x?y=1&z=$(w)");
const { href } = PAGE;

describe("what opens a page", () => {
  it.skipIf(process.platform !== "linux")("is given the address as it is, and no shell sees it", async () => {
    const directory = mkdtempSync(join(tmpdir(), "holdfast-browser-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const script = join(directory, "browser");
    writeFileSync(
      script,
      `#!/bin/sh\nprintf %s "$1" > ${directory}/part && mv ${directory}/part ${directory}/seen\n`,
      {
        mode: 0o755,
      },
    );
    vi.stubEnv("BROWSER", script);
    onTestFinished(() => void vi.unstubAllEnvs());
    const seen = new Promise<void>((resolve) => {
      const watcher = watch(directory, (_event, name) => name === "seen" && resolve());
      onTestFinished(() => watcher.close());
    });
    expect(await openBrowser(PAGE)).toBe(true);
    await seen;
    expect(readFileSync(join(directory, "seen"), "utf8")).toBe(href);
    vi.stubEnv("BROWSER", join(directory, "none"));
    expect(await openBrowser(PAGE)).toBe(false);
  });
});
