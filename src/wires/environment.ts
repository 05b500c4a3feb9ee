import { getDefaultEnvironment } from "@modelcontextprotocol/client/stdio";

/** `"inherit"` hands over the whole environment; variables are added to the SDK's safe default ones. */
export type EnvOption = "inherit" | Record<string, string>;

/** The environment of a child process: the safe variables of this one and what the user gave, nothing else. */
export function childEnvironment(env: EnvOption | undefined): Record<string, string> {
  if (env === "inherit") return definedOnly(process.env);
  return { ...getDefaultEnvironment(), ...env };
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
