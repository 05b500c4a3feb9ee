import { fieldsOf } from "../../base/fields.js";
import { excerpt } from "./excerpt.js";

/** An answer that came and cannot be understood. It travels to its caller as `Lost` does: as the `data` of an error answer. */
export class InvalidAnswer extends Error {
  /** The first characters of it. */
  readonly excerpt: string;
  /** It was a result: what was asked for has been done. */
  readonly done: boolean;

  constructor(
    /** What is wrong with it, as the rest of a sentence: "the result is null". */
    readonly reason: string,
    answer: unknown,
    { done }: { done: boolean },
  ) {
    super(reason);
    this.done = done;
    this.excerpt = excerpt(answer);
  }

  static of(error: unknown): InvalidAnswer | undefined {
    const { data } = fieldsOf(error);
    return data instanceof InvalidAnswer ? data : undefined;
  }
}
