/** Each edge between two of the five states, as a path. */
export const EDGES: Record<string, string>;
