/** The edges between the five states, each as an SVG path. */
export const EDGES: Record<string, string>;
