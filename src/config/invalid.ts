import { HoldfastError } from "../base/errors.js";

/** One mistake in a config, and the path of its field. */
export interface Problem {
  /** The path of the field, such as `mcpServers.weather.url`. */
  path: string;
  /** What is wrong with it. Shows no value. */
  message: string;
}

/** One error that lists all problems. */
export function invalidConfig(problems: Problem[], from?: string): HoldfastError<"CONFIG_INVALID"> {
  const lines = problems.map(({ path, message }) => `  ${path ? `${path}: ` : ""}${message}`);
  const where = from ?? "the config";
  const [only] = problems.length === 1 ? lines : [];
  const message = only
    ? `${where} is not valid: ${only.trim()}`
    : `${where} is not valid, ${problems.length} problems:\n${lines.join("\n")}`;
  return new HoldfastError("CONFIG_INVALID", message, { path: problems[0]?.path ?? "", problems });
}
