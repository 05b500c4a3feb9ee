/** How each kind of server is asked for the same behaviours. */
export interface Dialect {
  echo(message: string): Call;
  /** Reports progress three times, and answers soon. */
  count: Call;
  /** Answers after half a minute. */
  slow: Call;
  /** What the server has no way to ask for is left out. */
  ask: Partial<Record<Asked, Call>>;
}

export const ASKED = ["elicitation", "sampling", "roots"] as const;
type Asked = (typeof ASKED)[number];
type Call = { name: string; arguments: Record<string, unknown> };

const ask = (what: string): Call => ({ name: "ask", arguments: { what } });

/** Our fixtures, in each language. */
export const fixtureDialect: Dialect = {
  echo: (message) => ({ name: "echo", arguments: { message } }),
  count: { name: "count", arguments: { steps: 3, ms: 5 } },
  slow: { name: "count", arguments: { steps: 1, ms: 30_000 } },
  ask: { elicitation: ask("elicitation"), sampling: ask("sampling"), roots: ask("roots") },
};

/** The npm package `fastmcp`, whose tools can ask the person only. */
export const fastmcpDialect: Dialect = { ...fixtureDialect, ask: { elicitation: ask("elicitation") } };

/** `@modelcontextprotocol/server-everything`. */
export const everythingDialect: Dialect = {
  echo: (message) => ({ name: "echo", arguments: { message } }),
  count: { name: "trigger-long-running-operation", arguments: { duration: 0.1, steps: 3 } },
  slow: { name: "trigger-long-running-operation", arguments: { duration: 30, steps: 1 } },
  ask: {
    elicitation: { name: "trigger-elicitation-request", arguments: {} },
    sampling: { name: "trigger-sampling-request", arguments: { prompt: "hi", maxTokens: 10 } },
    roots: { name: "get-roots-list", arguments: {} },
  },
};
