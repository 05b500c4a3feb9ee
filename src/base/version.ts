/** The version of this package: a constant, so that a bundle needs no package.json beside it. `npm run version` writes it. */
export const VERSION = "0.1.0";
