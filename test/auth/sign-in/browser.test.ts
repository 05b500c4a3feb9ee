import { describe, expect, it } from "vitest";
import { openBrowser, openerOf } from "../../../src/auth/sign-in/browser.js";

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
    ["a browser that the person names badly", "linux", { BROWSER: " : x" }, all, undefined],
    ["one with the place behind an option", "linux", { BROWSER: "b  -x %s y" }, all, ["b", "-x", href, "y"]],
    ["one of the person's, below Windows", "linux", { BROWSER: "b", WSL_DISTRO_NAME: "d" }, all, ["b", href]],
    [
      "Linux below Windows, whose disk is not there",
      "linux",
      { WSL_DISTRO_NAME: "d", DISPLAY: ":0" },
      (path) => path === "/usr/local/bin/xdg-open",
      ["/usr/local/bin/xdg-open", href],
    ],
    ["Linux whose screen has no name", "linux", { DISPLAY: "", WAYLAND_DISPLAY: "" }, all, undefined],
  ])("on %s is named by its path", (_where, platform, env, isThere, expected) => {
    expect(openerOf(PAGE, platform, env, isThere)).toEqual(expected);
  });

  it("is named for pages without encryption too", () => {
    expect(openerOf(new URL("http://127.0.0.1:7/"), "darwin")).toEqual([
      "/usr/bin/open",
      "http://127.0.0.1:7/",
    ]);
  });

  it("opens nothing but pages of the web", async () => {
    for (const address of ["file:///etc/passwd", "javascript:alert(1)", "ms-settings:", "smb://x/y"]) {
      expect(openerOf(new URL(address), "darwin", {}, all)).toBeUndefined();
      expect(await openBrowser(new URL(address))).toBe(false);
    }
  });
});
