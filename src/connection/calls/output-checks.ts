import type { Client } from "@modelcontextprotocol/client";
import { outputValidatorOf } from "../../session/sdk-internals.js";
import type { OutputCheck } from "../../session/structured.js";

/** What the server's tools were said to be. */
export interface Definitions {
  /** Another number: they may be others. Undefined: somebody else may write them, too. */
  readonly definitions: number | undefined;
}

/** More tools than this and it begins anew; no server has so many. */
const MAX_KNOWN = 10_000;
/** How many turns a look takes. */
const TURNS = 5;

/** What checks the structured content of each tool, looked for once for each list of tools. */
export class OutputChecks {
  readonly #known = new Map<string, OutputCheck | undefined>();
  #version: number | undefined;

  constructor(
    private readonly client: Client,
    private readonly store: Definitions,
  ) {}

  /**
   * Takes as many turns as the Client's own look: calls are sent in the order in which they were made, whichever path they take,
   * and one that is aborted at once is never sent.
   */
  async of(tool: string): Promise<OutputCheck | undefined> {
    const version = this.store.definitions;
    if (version !== this.#version || this.#known.size > MAX_KNOWN) this.#known.clear();
    this.#version = version;
    if (!this.#known.has(tool)) {
      const found = await outputValidatorOf(this.client, tool);
      if (this.store.definitions === version) this.#known.set(tool, found);
      return found;
    }
    const known = this.#known.get(tool);
    for (let turn = 0; turn < TURNS; turn++) await undefined;
    return known;
  }
}
