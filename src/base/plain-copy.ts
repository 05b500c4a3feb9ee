/** Deeper than anything that is meant, and found at once in what holds itself. */
const MAX_DEPTH = 100;
class TooDeep extends Error {}

/**
 * A copy of what JSON can hold, at a fraction of what `structuredClone` costs. What JSON cannot hold, such as an instance of a
 * class, is in the copy as it is.
 */
export function plainCopy<T>(value: T): T {
  try {
    return copy(value, 0) as T;
  } catch (error) {
    if (error instanceof TooDeep) return clone(value);
    throw error;
  }
}

/** What cannot be cloned either is handed on as it is. */
function clone<T>(value: T): T {
  try {
    return structuredClone(value);
  } catch {
    return value;
  }
}

function copy(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) throw new TooDeep();
  // A list may have holes, which `map` leaves.
  if (Array.isArray(value)) return value.map((item) => copy(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  // Spread, because the name `__proto__` would be something else in an assignment; afterwards it is a field as any other.
  const fields: Record<string, unknown> = { ...value };
  for (const key in fields) {
    const field = fields[key];
    if (typeof field === "object" && field !== null) fields[key] = copy(field, depth + 1);
  }
  return fields;
}
