import { ProtocolErrorCode } from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";

/**
 * Many servers have resources, and do not know the method for templates: they have none.
 * @throws any other error
 */
export function noTemplates(error: unknown): { resourceTemplates: [] } {
  if (fieldsOf(error)["code"] === ProtocolErrorCode.MethodNotFound) return { resourceTemplates: [] };
  throw error;
}
