/**
 * The fields of all of them in a new object; the later ones win. For what is made for each call: of a spread with more behind it
 * (`{ ...options, timeout }`) V8 makes, on Node 20, an object that keeps all of its call in memory through every quick collection, and
 * that costs more than the rest of the call. A field `__proto__`, which nobody means, is left out.
 */
export function merged<A extends object, B extends object>(
  first: A | undefined,
  ...others: (B | undefined)[]
): A & B {
  const all = Object.assign({}, first, ...others);
  // `assign` takes that field for what the object inherits from.
  if (Object.getPrototypeOf(all) !== Object.prototype) Object.setPrototypeOf(all, Object.prototype);
  return all;
}
