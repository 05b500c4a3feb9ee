import type { Client, LoggingLevel } from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";

const LOG_LEVEL = "io.modelcontextprotocol/logLevel";

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

/** The params of a request with its log level: a modern server logs only where the request asks for it. */
export function withLogLevel<P extends object>(client: Client, params: P, level: LoggingLevel): P {
  if (client.getProtocolEra() !== "modern") return params;
  const { _meta } = fieldsOf(params);
  return { ...params, _meta: { [LOG_LEVEL]: level, ...fieldsOf(_meta) } };
}
