import { fieldsOf } from "./fields.js";
/**
 * Runs a callback of the user's. `failed` hears what it throws, now or by the promise that it returns: a rejection that
 * nobody hears ends the program.
 */
export function runCallback(callback: () => unknown, failed: (error: unknown) => void): void {
  try {
    const returned = callback();
    if (typeof fieldsOf(returned)["then"] === "function") Promise.resolve(returned).catch(failed);
  } catch (error) {
    failed(error);
  }
}

/** Where the user's own logger fails, there is nobody left to tell. */
export const unheard = (): void => {};
