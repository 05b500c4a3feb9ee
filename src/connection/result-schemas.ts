import type { StandardSchemaV1 } from "@modelcontextprotocol/client";
import { forgetList } from "../wires/answers/shapes.js";

/** What checks results, as a revision of the protocol defines them: the SDK's own. */
export interface ResultCodec {
  validateResult(
    method: string,
    raw: unknown,
  ): { ok: boolean; reason?: string; value?: unknown; message?: string };
}

const known = new WeakMap<ResultCodec, Map<string, StandardSchemaV1>>();

/**
 * The SDK's schema of a method's result; undefined where it has none. The SDK looks for it anew with each request, and
 * does so by a check that fails: that costs as much as all the rest of a call.
 */
export function resultSchema(codec: ResultCodec, method: string): StandardSchemaV1 | undefined {
  const schemas = known.get(codec) ?? new Map<string, StandardSchemaV1>();
  known.set(codec, schemas);
  const found = schemas.get(method);
  if (found || codec.validateResult(method, undefined).reason === "not-in-era") return found;
  const schema: StandardSchemaV1 = {
    "~standard": {
      version: 1,
      vendor: "holdfast",
      validate(raw) {
        const { ok, value, message = "" } = codec.validateResult(method, raw);
        forgetList(value, (small) => codec.validateResult(method, small));
        return ok ? { value } : { issues: [{ message }] };
      },
    },
  };
  schemas.set(method, schema);
  return schema;
}
