import type { Context } from "@opentelemetry/api";
import { isObject } from "../base/fields.js";
import { api } from "./api.js";

/** What others wrote may be anything, and propagators expect texts. */
const TEXTS = {
  keys: (carrier: object) => Object.keys(carrier),
  get: (carrier: object, key: string) => {
    const value: unknown = Reflect.get(carrier, key);
    return typeof value === "string" ? value : undefined;
  },
};

/** The trace that a request belongs to: what its `_meta` names, else what is active. */
export function parentOf(params: unknown): Context {
  const meta = isObject(params) ? params["_meta"] : undefined;
  const { context, propagation } = api();
  const active = context.active();
  return isObject(meta) ? propagation.extract(active, meta, TEXTS) : active;
}

/** What stands in a request's `_meta`, for whoever gets it to go on with the trace. */
export function carrierOf(within: Context): Record<string, string> {
  const carrier: Record<string, string> = {};
  api().propagation.inject(within, carrier);
  return carrier;
}
