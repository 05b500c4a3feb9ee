import { fieldsOf } from "./fields.js";
/**
 * Runs a callback of the user's. `failed` gets what it throws, or what the promise that it returns rejects with. A rejection
 * that nobody handles would end the program.
 */
export function runCallback(callback: () => unknown, failed: (error: unknown) => void): void {
  try {
    const returned = callback();
    if (typeof fieldsOf(returned)["then"] === "function") Promise.resolve(returned).catch(failed);
  } catch (error) {
    failed(error);
  }
}

/** For a failing callback whose error can be reported to nobody, such as the user's own logger. */
export const unheard = (): void => {};
