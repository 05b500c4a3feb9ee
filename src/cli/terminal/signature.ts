import type { Tool } from "@modelcontextprotocol/client";
import { SchemaTypes } from "./schema-types.js";

/** More parts of a schema than a person reads in a line. */
const PARTS = 200;

/** A tool as one line: `echo(message: string, times?: number)`. What is required comes first. */
export const signatureOf = ({ name, inputSchema }: Tool): string =>
  `${name}(${new SchemaTypes(inputSchema, { parts: PARTS }).properties(inputSchema).join(", ")})`;
