import type { StandardSchemaV1 } from "@modelcontextprotocol/client";

/** The schema of a result that is not looked at here. */
export const ANY_RESULT: StandardSchemaV1<unknown, unknown> = {
  "~standard": { version: 1, vendor: "holdfast", validate: (value) => ({ value }) },
};
