import { once } from "node:events";

/** Opens a page in the person's browser. False: this machine has none. */
export async function openBrowser(url: URL): Promise<boolean> {
  if (!hasScreen()) return false;
  try {
    // Loaded only here, so that a program that signs nobody in does not pay for it.
    const { default: open } = await import("open");
    const opener = await open(url.href);
    // Without a pid the start failed, and this wait rejects with the reason.
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
