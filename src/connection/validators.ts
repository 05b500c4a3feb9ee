import { createHash } from "node:crypto";
import type {
  JsonSchemaType,
  JsonSchemaValidator,
  JsonSchemaValidatorResult,
  jsonSchemaValidator,
} from "@modelcontextprotocol/client";
import { Breaches } from "../base/breaches.js";
import { messageOf } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import type { SchemaLimits as SchemaLimitsOption } from "../contract/options.js";
import type { SchemaEngine } from "../session/sdk-internals.js";
import { boundEngine } from "./schemas/engine.js";
import { OverLimit, SCHEMA_LIMITS, type SchemaLimits, Steps } from "./schemas/limits.js";
import { Patterns } from "./schemas/patterns.js";
import { planOf } from "./schemas/plan.js";

/** More schemas than this and it begins anew; no server has so many tools. */
const MAX_KNOWN = 1_000;
/** Of what the engine has to say, the beginning. */
const MAX_REASON = 200;
/** How many faults of an answer are named. */
const MAX_FAULTS = 20;

/**
 * Checks answers against the schemas of a server, which may be made to freeze or fill the program: each is looked through before it
 * is compiled, and each check counts its steps. What goes over a limit is not checked any more, with one warning.
 *
 * Compiles each schema of a connection once. The SDK compiles a tool's output schema again after each list, and its
 * engine keeps every one for as long as the Client lives: a program that lists often would grow without end.
 */
export class Validators implements jsonSchemaValidator {
  constructor(
    warn: (message: string) => void = () => {},
    limits: SchemaLimitsOption = {},
    private readonly plan = planOf,
  ) {
    this.#breaches = new Breaches(warn);
    this.#limits = { ...SCHEMA_LIMITS, ...onlySet(limits) };
    this.#steps = new Steps(this.#limits);
    this.#patterns = new Patterns(this.#steps);
  }

  readonly #breaches: Breaches;
  readonly #limits: SchemaLimits;
  readonly #steps: Steps;
  #patterns: Patterns;
  /** By the digest of what the server sent: a schema that was listed before costs no more than its text. */
  readonly #seen = new Map<string | undefined, JsonSchemaValidator<unknown>>();
  /** By the text of what is compiled of it: titles and descriptions make no difference. */
  readonly #known = new Map<string, JsonSchemaValidator<unknown>>();
  /** By dialect. */
  readonly #engines = new Map<unknown, SchemaEngine>();

  getValidator<T>(schema: JsonSchemaType): JsonSchemaValidator<T> {
    const digest = digestOf(schema);
    let validator = this.#seen.get(digest);
    if (!validator) {
      if (this.#seen.size >= MAX_KNOWN) this.#forget();
      validator = this.#planned(schema);
      if (digest !== undefined) this.#seen.set(digest, validator);
    }
    return validator as JsonSchemaValidator<T>;
  }

  #planned(schema: JsonSchemaType): JsonSchemaValidator<unknown> {
    try {
      const plan = this.plan(schema, this.#limits, this.#patterns);
      if (plan.skipped !== undefined) this.#skip("a part of an output schema", plan.skipped);
      const text = JSON.stringify(plan.schema);
      let validator = this.#known.get(text);
      if (!validator) {
        validator = this.#checking(this.#engineFor(plan.schema, plan.named), plan.schema);
        this.#known.set(text, validator);
      }
      return validator;
    } catch (error) {
      this.#skip("an output schema", error);
      return unchecked;
    }
  }

  #forget(): void {
    this.#seen.clear();
    this.#known.clear();
    this.#engines.clear();
    this.#patterns = new Patterns(this.#steps);
  }

  /** An engine takes the first schema of a name for every later one that is called the same. */
  #engineFor(schema: JsonSchemaType, named: boolean): SchemaEngine {
    const dialect = fieldsOf(schema)["$schema"];
    const known = named ? undefined : this.#engines.get(dialect);
    const engine = known ?? boundEngine(schema, this.#patterns, this.#steps);
    if (!named) this.#engines.set(dialect, engine);
    return engine;
  }

  /** A schema that cannot be compiled costs the check of the results, and not the tool. */
  #checking(engine: SchemaEngine, schema: JsonSchemaType): JsonSchemaValidator<unknown> {
    let check: JsonSchemaValidator<unknown>;
    try {
      const compiled = engine.compile(schema);
      check = (data) =>
        compiled(data)
          ? { valid: true, data, errorMessage: undefined }
          : {
              valid: false,
              data: undefined,
              errorMessage: engine.errorsText(compiled.errors?.slice(0, MAX_FAULTS)),
            };
    } catch (error) {
      this.#skip("an output schema", error);
      return unchecked;
    }
    return (data) => {
      try {
        this.#steps.begin();
        return check(data);
      } catch (error) {
        // What costs so much once will do so again.
        if (!(error instanceof OverLimit && error.once)) check = unchecked;
        this.#skip("a result", error);
        return unchecked(data);
      }
    };
  }

  #skip(what: string, why: unknown): void {
    const reason = messageOf(why).slice(0, MAX_REASON);
    this.#breaches.note(`${what} is not checked: ${reason}`);
  }
}

const onlySet = (limits: SchemaLimitsOption): Partial<SchemaLimits> =>
  Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit !== undefined));

/** Undefined where it has more levels than the stack: such a one is not checked. */
function digestOf(schema: JsonSchemaType): string | undefined {
  try {
    return createHash("sha256").update(JSON.stringify(schema)).digest("base64");
  } catch {
    return undefined;
  }
}

const unchecked = (data: unknown): JsonSchemaValidatorResult<unknown> => ({
  valid: true,
  data,
  errorMessage: undefined,
});
