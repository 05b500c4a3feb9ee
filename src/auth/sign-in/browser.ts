import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { systemProgram } from "../../base/system-program.js";

/** Opens a page in the person's browser. False: this machine has none, or it is no page of the web. */
export async function openBrowser(url: URL): Promise<boolean> {
  const [command, ...args] = openerOf(url) ?? [];
  if (command === undefined) return false;
  try {
    const opener = spawn(command, args, { detached: true, stdio: "ignore" });
    opener.unref();
    await once(opener, "spawn");
    opener.on("error", () => {});
    return true;
  } catch {
    return false;
  }
}

/** Where systems keep it. By its name alone, whatever is first on PATH would see the address. */
const XDG_OPEN = ["/usr/bin", "/usr/local/bin", "/run/current-system/sw/bin"].map(
  (folder) => `${folder}/xdg-open`,
);
const WINDOWS_BELOW_LINUX = "/mnt/c/Windows/System32/rundll32.exe";
const BY_WINDOWS = "url.dll,FileProtocolHandler";

/** The command line that shows a page, started without a shell. Undefined: there is none. */
export function openerOf(
  { protocol, href }: URL,
  platform: NodeJS.Platform = process.platform,
  env: NodeJS.ProcessEnv = process.env,
  isThere: (path: string) => boolean = existsSync,
): string[] | undefined {
  if (protocol !== "https:" && protocol !== "http:") return undefined;
  if (platform === "darwin") return ["/usr/bin/open", href];
  if (platform === "win32") return [systemProgram("rundll32.exe"), BY_WINDOWS, href];
  const { BROWSER, DISPLAY, WAYLAND_DISPLAY, WSL_DISTRO_NAME } = env;
  const [own] = (BROWSER ?? "").split(":").map((line) => line.split(" ").filter(Boolean));
  if (own && own.length > 0)
    return own.includes("%s") ? own.map((word) => (word === "%s" ? href : word)) : [...own, href];
  if (WSL_DISTRO_NAME && isThere(WINDOWS_BELOW_LINUX)) return [WINDOWS_BELOW_LINUX, BY_WINDOWS, href];
  const opener = DISPLAY || WAYLAND_DISPLAY ? XDG_OPEN.find(isThere) : undefined;
  return opener === undefined ? undefined : [opener, href];
}
