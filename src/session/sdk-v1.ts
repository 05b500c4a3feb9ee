import { fieldsOf, isObject } from "../base/fields.js";
/** A schema of a result or a message, of any version of zod: what code for the SDK 1 passes. */
export function isSchema(value: unknown): boolean {
  return isObject(value) && ("~standard" in value || typeof value["parse"] === "function");
}

/** The SDK 2 registers handlers by the name of the method, where the SDK 1 took the schema of the message. */
export function checkNamed(call: string, method: unknown): void {
  if (!isSchema(method)) return;
  const name = JSON.stringify(methodOf(method) ?? "the/method");
  throw new TypeError(
    `a session takes the name of the method, as the SDK 2 does, and no schema: write ${call}(${name}, handler)`,
  );
}

/** The method that a schema of the SDK 1 is for, where it can be read. */
function methodOf(schema: unknown): string | undefined {
  const { method } = fieldsOf(fieldsOf(schema)["shape"]);
  const { value } = fieldsOf(method);
  return typeof value === "string" ? value : undefined;
}
