export type { UpstreamCredential } from "../contract/credential-of.js";
export type { HttpOptions } from "./http-options.js";
export type { NodeHandler } from "./node-handler.js";
export type { Principal } from "./oauth.js";
export type { OAuthServing } from "./oauth-options.js";
export { type RequestHandler, type RequestHandlerOptions, requestHandler } from "./request-handler.js";
export { type ServeOptions, serve } from "./serve.js";
export type { Served } from "./served.js";
