import type { JsonSchemaType, JsonSchemaValidator, jsonSchemaValidator } from "@modelcontextprotocol/client";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/client/validators/ajv";
import { messageOf } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";

/** More schemas than this and it begins anew; no server has so many tools. */
const MAX_KNOWN = 1_000;
/** Of what the engine has to say, the beginning. */
const MAX_REASON = 200;

/**
 * Compiles each schema of a connection once. The SDK compiles a tool's output schema again after each list, and its
 * engine keeps every one for as long as the Client lives: a program that lists often would grow without end.
 */
export class Validators implements jsonSchemaValidator {
  constructor(private readonly onSkipped?: (message: string) => void) {}

  readonly #known = new Map<string, JsonSchemaValidator<unknown>>();
  #engine = new AjvJsonSchemaValidator();

  getValidator<T>(schema: JsonSchemaType): JsonSchemaValidator<T> {
    const text = JSON.stringify(schema);
    let validator = this.#known.get(text);
    if (!validator) {
      if (this.#known.size >= MAX_KNOWN) {
        this.#known.clear();
        this.#engine = new AjvJsonSchemaValidator();
      }
      // An engine takes the first schema of a name for every later one that is called the same.
      const engine = fieldsOf(schema)["$id"] !== undefined ? new AjvJsonSchemaValidator() : this.#engine;
      validator = this.#compile(engine, schema);
      this.#known.set(text, validator);
    }
    return validator as JsonSchemaValidator<T>;
  }

  /** A schema that cannot be compiled costs the check of the results, and not the tool. */
  #compile(engine: AjvJsonSchemaValidator, schema: JsonSchemaType): JsonSchemaValidator<unknown> {
    try {
      return engine.getValidator(schema);
    } catch (error) {
      this.onSkipped?.(
        `an output schema cannot be used, so results are not checked against it: ${messageOf(error).slice(0, MAX_REASON)}`,
      );
      return (data) => ({ valid: true, data, errorMessage: undefined });
    }
  }
}
