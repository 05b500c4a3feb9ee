const MAX_EXCERPT = 200;

/** The first characters of what a server sent. Never throws: a value of a server in memory may be anything. */
export function excerpt(value: unknown): string {
  try {
    const text = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
    return text.slice(0, MAX_EXCERPT);
  } catch {
    // A circle, or more levels than the stack has.
    return `[${shapeOf(value)}]`;
  }
}

/** What a value is, in a word that fits after "is". */
export function shapeOf(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return "a text";
  if (typeof value === "number") return "a number";
  return typeof value === "object" ? "an object" : "no JSON";
}

/** A plain object, as JSON has them. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
