import { visible, visibleJson } from "../../internal.js";

/** Prints a result on stdout. Nothing of a server reaches the terminal but through these three. */
export const print = (text: string): void => console.log(visible(text));

/** Prints what is no result, on stderr. */
export const say = (text: string): void => console.error(visible(text));

/** Prints a result as JSON. */
export const printJson = (value: unknown): void => console.log(visibleJson(value));
