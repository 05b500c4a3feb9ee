import { basename } from "node:path";
import type { Secrets } from "../base/redact.js";

/** `"inherit"` hands over the whole environment; variables are added to the SDK's safe default ones. */
export type EnvOption = "inherit" | Record<string, string>;

/** Commands that fetch what they run, and what to do where one is missing. */
const RUNNERS: Record<string, string> = {
  uv: "Install uv, for example with: pip install uv",
  uvx: "Install uv, for example with: pip install uv",
  npx: "It comes with Node: is npm installed?",
  pnpm: "Install it with: npm install -g pnpm",
  bunx: "Install it with: npm install -g bun",
  pipx: "Install it with: pip install pipx",
  docker: "Install Docker",
};

/** What a runner needs besides, to fetch anything behind a company's proxy. Documented in docs/options.md. */
const RUNNER_NAMES = new Set([
  ...["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"],
  ...["http_proxy", "https_proxy", "all_proxy", "no_proxy"],
  ...["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"],
  ...["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "DOCKER_HOST"],
]);
const RUNNER_PREFIXES = ["UV_", "PIP_", "npm_config_"];
/** What an `npx` that runs this program was told: another one must not be told the same. */
const OF_OUR_NPX = new Set(["npm_config_package", "npm_config_call"]);

const nameOf = (command: string) => basename(command).replace(/\.(exe|cmd|bat)$/i, "");

/** Whether the command fetches a package before it runs anything. */
export const isRunner = (command: string): boolean => Object.hasOwn(RUNNERS, nameOf(command));

/** What to do where a runner is not installed. */
export const installHint = (command: string): string | undefined =>
  isRunner(command) ? RUNNERS[nameOf(command)] : undefined;

/** The secrets of an environment: all that the user gave, and of what is handed over what is one by its name or its form. */
export function addEnvironment(secrets: Secrets, env: EnvOption | undefined, command: string): void {
  const handed = env === "inherit" ? process.env : isRunner(command) ? runnerEnvironment() : {};
  for (const [name, value] of Object.entries(definedOnly(handed))) secrets.addNamed(name, value);
  if (typeof env !== "object") return;
  for (const [name, value] of Object.entries(env)) secrets.addNamed(name, value, { given: true });
}

/** What a runner is handed of the environment of this program. */
export function runnerEnvironment(): Record<string, string> {
  const wanted = (name: string) =>
    RUNNER_NAMES.has(name) ||
    (!OF_OUR_NPX.has(name) && RUNNER_PREFIXES.some((prefix) => name.startsWith(prefix)));
  return Object.fromEntries(Object.entries(definedOnly(process.env)).filter(([name]) => wanted(name)));
}

export function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
