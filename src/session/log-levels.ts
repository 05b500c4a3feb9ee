import type { LoggingLevel } from "@modelcontextprotocol/client";

const LEVELS: readonly LoggingLevel[] = [
  "debug",
  "info",
  "notice",
  "warning",
  "error",
  "critical",
  "alert",
  "emergency",
];

/** Whether a message of `level` is wanted by who asked for `asked` and worse; asking for nothing wants all. */
export function isWanted(level: LoggingLevel, asked: LoggingLevel | undefined): boolean {
  return asked === undefined || LEVELS.indexOf(level) >= LEVELS.indexOf(asked);
}

/** The level that serves everybody who asked. */
export function mostVerbose(asked: Iterable<LoggingLevel | undefined>): LoggingLevel | undefined {
  const named = new Set(asked);
  return LEVELS.find((level) => named.has(level));
}
