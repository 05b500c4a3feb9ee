/**
 * The fields of all of them in a new object; the later ones win. For what is made for each call: of a spread with more behind it
 * (`{ ...options, timeout }`) V8 makes, on Node 20, an object that keeps all of its call in memory through every quick collection, and
 * that costs more than the rest of the call.
 */
export const merged = <A extends object, B extends object>(
  first: A | undefined,
  ...others: (B | undefined)[]
): A & B => Object.assign({}, first, ...others);
