import type { SchemaLimits as Given } from "../../contract/options.js";

export type SchemaLimits = Readonly<Required<Given>>;

export const SCHEMA_LIMITS: SchemaLimits = {
  /** To compile one takes about 0.1 ms. */
  keywords: 1_000,
  depth: 64,
  characters: 1024 * 1024,
  steps: 200_000,
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
