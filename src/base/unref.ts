import { isObject } from "./fields.js";

/** Lets the program end though this is open. Not every runtime has it on every handle. */
export function unref(handle: unknown): void {
  if (isObject(handle) && typeof handle["unref"] === "function") handle["unref"]();
}
