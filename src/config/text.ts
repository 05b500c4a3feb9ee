/**
 * The text of a file that some editor wrote: UTF-8 or UTF-16, with or without a byte order mark.
 * @throws TypeError where it is neither
 */
export function decodeText(bytes: Uint8Array): string {
  // The decoder drops the mark.
  return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
}

/** Without a mark a zero tells: every config begins with an ASCII character. */
function encodingOf([first, second]: Uint8Array): string {
  if ((first === 0xff && second === 0xfe) || (first && second === 0)) return "utf-16le";
  if ((first === 0xfe && second === 0xff) || (first === 0 && second)) return "utf-16be";
  return "utf-8";
}

/** A text in the encoding of these bytes, with their byte order mark. */
export function encodeAs(bytes: Uint8Array, text: string): Buffer {
  const encoding = encodingOf(bytes);
  const hasMark = new TextDecoder(encoding, { ignoreBOM: true }).decode(bytes).startsWith("\ufeff");
  const whole = hasMark ? `\ufeff${text}` : text;
  if (encoding === "utf-8") return Buffer.from(whole, "utf8");
  const wide = Buffer.from(whole, "utf16le");
  return encoding === "utf-16be" ? wide.swap16() : wide;
}
