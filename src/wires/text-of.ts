import { isAscii } from "node:buffer";

/** From so many bytes on it is worth looking. */
const LARGE = 64 * 1024;

/** The text of bytes in UTF-8. Most of what is large is ASCII, which is copied as it stands: Node 20 decodes it three times slower. */
export const textOf = (bytes: Buffer): string =>
  bytes.toString(bytes.length >= LARGE && isAscii(bytes) ? "latin1" : "utf8");
