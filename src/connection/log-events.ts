/** How loud a line is, as loggers name it. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Every event that is logged: its level, and its fields beside `event` and `server`. docs/logging.md shows the same table. */
export const LOG_EVENTS = {
  attempt: { level: "debug", fields: ["epoch", "attempt"] },
  waiting: { level: "debug", fields: ["attempt", "delayMs", "code", "reason"] },
  connected: { level: "info", fields: ["epoch", "era", "protocol", "pid"] },
  lost: { level: "info", fields: ["epoch", "cause", "code", "reason"] },
  reconnected: { level: "info", fields: ["epoch", "attempts", "downMs"] },
  flapping: { level: "warn", fields: ["losses", "minutes"] },
  "sign-in": { level: "warn", fields: [] },
  deaf: { level: "warn", fields: ["epoch"] },
  changed: { level: "info", fields: ["epoch", "lists"] },
  "call.resent": { level: "info", fields: ["method", "name", "outcome", "trace_id"] },
  "call.lost": { level: "warn", fields: ["method", "name", "outcome", "code", "trace_id"] },
  warning: { level: "warn", fields: [] },
  ready: { level: "info", fields: ["health"] },
  degraded: { level: "warn", fields: ["health"] },
  down: { level: "error", fields: ["health"] },
  dead: { level: "error", fields: ["code", "reason"] },
} as const satisfies Record<string, { level: LogLevel; fields: readonly string[] }>;

export type LogEvent = keyof typeof LOG_EVENTS;

/** The fields of an event; what is undefined is left out. */
export type LogFields<E extends LogEvent> = {
  [F in (typeof LOG_EVENTS)[E]["fields"][number]]?: string | number | readonly string[] | undefined;
};
