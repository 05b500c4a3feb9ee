/** How often a property is tried. HOLDFAST_RUNS multiplies it: 0.1 in the quick tests, 10 in the soak. */
export const runsOf = (usual: number): number => Math.ceil(usual * Number(process.env["HOLDFAST_RUNS"] ?? 1));
