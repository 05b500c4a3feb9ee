/** The fields of an object of which nothing more is known. */
export type Fields = Record<string, unknown>;

/** An array is an object too. */
export const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null;

/** The fields of anything; of what is no object there are none. */
export const fieldsOf = (value: unknown): Fields => (isObject(value) ? value : {});
