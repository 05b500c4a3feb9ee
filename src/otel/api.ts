import type * as Api from "@opentelemetry/api";
import { loadPeer } from "../base/load-now.js";

let loaded: typeof Api | undefined;

/** The package, whose parts all share one state however often it is loaded. */
export function api(): typeof Api {
  loaded ??= loadPeer<typeof Api>("@opentelemetry/api", "otel()");
  return loaded;
}
