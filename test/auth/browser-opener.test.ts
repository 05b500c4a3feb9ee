import { mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openBrowser, openerOf } from "../../src/auth/sign-in/browser.js";

const PAGE = new URL("https://a.example/x?y=1&z=$(w)");
const { href } = PAGE;

describe("what opens a page", () => {
  const all = () => true;
  it.each<[string, NodeJS.Platform, NodeJS.ProcessEnv, (path: string) => boolean, unknown]>([
    ["macOS", "darwin", {}, all, ["/usr/bin/open", href]],
    [
      "Windows",
      "win32",
      {},
      all,
      [expect.stringMatching(/^[A-Z]:\\.*\\System32\\rundll32\.exe$/), "url.dll,FileProtocolHandler", href],
    ],
    ["Linux with a screen", "linux", { DISPLAY: ":0" }, all, ["/usr/bin/xdg-open", href]],
    [
      "Linux with a screen and xdg-open elsewhere",
      "linux",
      { WAYLAND_DISPLAY: "w" },
      (path) => path.startsWith("/run/"),
      ["/run/current-system/sw/bin/xdg-open", href],
    ],
    ["Linux without xdg-open", "linux", { DISPLAY: ":0" }, () => false, undefined],
    ["Linux without a screen", "linux", {}, all, undefined],
    ["a browser that the person names", "linux", { BROWSER: "lynx -x:w3m" }, all, ["lynx", "-x", href]],
    ["one with a place for the page", "linux", { BROWSER: "b %s -x" }, all, ["b", href, "-x"]],
    [
      "Linux below Windows",
      "linux",
      { WSL_DISTRO_NAME: "d" },
      all,
      ["/mnt/c/Windows/System32/rundll32.exe", "url.dll,FileProtocolHandler", href],
    ],
  ])("on %s is named by its path", (_where, platform, env, isThere, expected) => {
    expect(openerOf(PAGE, platform, env, isThere)).toEqual(expected);
  });

  it("opens nothing but pages of the web", async () => {
    for (const address of ["file:///etc/passwd", "javascript:alert(1)", "ms-settings:", "smb://x/y"]) {
      expect(openerOf(new URL(address), "darwin", {}, all)).toBeUndefined();
      expect(await openBrowser(new URL(address))).toBe(false);
    }
  });

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
