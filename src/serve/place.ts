import type { HttpSettings } from "./http-options.js";

/** Where clients of HTTP+SSE come. */
const SSE_PATH = "/sse";

/** What a request is for. */
interface Place {
  /** Of the server; undefined: all together. */
  name: string | undefined;
  /** Of a client of HTTP+SSE. */
  sse: boolean;
}

/** Undefined: nothing is there. */
export function placeOf(
  pathname: string,
  { path, sse }: Pick<HttpSettings, "path" | "sse">,
): Place | undefined {
  const old = sse ? placeBelow(SSE_PATH, pathname) : undefined;
  if (old) return { ...old, sse: true };
  const place = placeBelow(path, pathname);
  return place && { ...place, sse: false };
}

function placeBelow(path: string, pathname: string): Pick<Place, "name"> | undefined {
  if (pathname === path || pathname === `${path}/`) return { name: undefined };
  if (!pathname.startsWith(`${path}/`)) return undefined;
  try {
    return { name: decodeURIComponent(pathname.slice(path.length + 1)) };
  } catch {
    return undefined;
  }
}
