import { once } from "node:events";

/** Opens a page for the person; false where this machine has no browser to show it in. */
export async function openBrowser(url: URL): Promise<boolean> {
  if (!hasScreen()) return false;
  try {
    // Loaded here: a program that signs nobody in does not pay for it.
    const { default: open } = await import("open");
    const opener = await open(url.href);
    // A program that is not there says so at once.
    if (opener.pid === undefined) await once(opener, "spawn");
    opener.on("error", () => {});
    return true;
  } catch {
    return false;
  }
}

/** On Linux a browser needs a display; elsewhere there is one. */
function hasScreen(): boolean {
  if (process.platform !== "linux") return true;
  const { DISPLAY, WAYLAND_DISPLAY, WSL_DISTRO_NAME, BROWSER } = process.env;
  return Boolean(DISPLAY || WAYLAND_DISPLAY || WSL_DISTRO_NAME || BROWSER);
}
