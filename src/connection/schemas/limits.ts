/** How much work a schema of a server may make. */
export interface SchemaLimits {
  /** What constrains an answer: keywords and their entries, those behind each `$ref` included. Compiling takes about 0.1 ms each. */
  readonly keywords: number;
  /** How deep schemas stand in one another. */
  readonly depth: number;
  /** The text of the schema, in characters. */
  readonly characters: number;
  /** The work of one check: a step is a schema applied to a value, or eight instructions of a pattern's program. */
  readonly steps: number;
  /** The longest text that is held against a pattern or a format, in characters. */
  readonly textCharacters: number;
}

export const SCHEMA_LIMITS: SchemaLimits = {
  keywords: 1_000,
  depth: 64,
  characters: 1024 * 1024,
  steps: 500_000,
  textCharacters: 64 * 1024,
};

/** A schema, or a check, asks for more than a limit allows. */
export class OverLimit extends Error {
  /** `once`: of one answer only. Another one may well be checked. */
  constructor(
    message: string,
    readonly once = false,
  ) {
    super(message);
  }
}

/** A schema, or a check, uses what is not supported here. */
export class Unsupported extends Error {}

/** Counts the work of one check. Steps and not milliseconds, so that a slow machine comes to the same verdict. */
export class Steps {
  #left = 0;
  constructor(private readonly limits: SchemaLimits) {}

  begin(): void {
    this.#left = this.limits.steps;
  }

  /** @throws OverLimit when the check has used up what it may */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0)
      throw new OverLimit(`its check takes more than ${this.limits.steps.toLocaleString("en")} steps`);
  }

  /** @throws OverLimit for a text that is too long to be held against a pattern */
  spendText(text: string, stepsPerCharacter: number): void {
    const { textCharacters } = this.limits;
    if (text.length > textCharacters)
      throw new OverLimit(
        `a text is longer than the ${textCharacters.toLocaleString("en")} characters that are checked`,
        true,
      );
    this.spend(1 + text.length * stepsPerCharacter);
  }
}
