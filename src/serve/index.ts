export type { HttpOptions } from "./http-options.js";
export { type ServeOptions, serve } from "./serve.js";
export type { Served } from "./served.js";
