import type { StandardSchemaV1 } from "@modelcontextprotocol/client";

/** A schema that accepts every result as it is. */
export const ANY_RESULT: StandardSchemaV1<unknown, unknown> = {
  "~standard": { version: 1, vendor: "holdfast", validate: (value) => ({ value }) },
};
