/** An object whose fields are not known. */
export type Fields = Record<string, unknown>;

/** Whether a value is an object. Arrays are, too. */
export const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null;

/** The fields of any value. What is not an object has none. */
export const fieldsOf = (value: unknown): Fields => (isObject(value) ? value : {});
