/** A value that takes time to make, made with its first use, so that a program that never uses it does not wait for it. */
export function atFirstUse<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
