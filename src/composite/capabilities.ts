import type { ServerCapabilities } from "@modelcontextprotocol/client";

const listChanged = true;

/**
 * What a composite can do: what every one can, and what the servers declare besides, in union. A server that comes later may
 * bring lists, and they are there for it.
 */
export function joinCapabilities(all: readonly ServerCapabilities[]): ServerCapabilities {
  const joined = (key: "extensions" | "experimental" | "tasks") => {
    const parts = all.flatMap((one) => one[key] ?? []);
    return parts.length > 0 && { [key]: Object.assign({}, ...parts.toReversed()) };
  };
  return {
    tools: { listChanged },
    prompts: { listChanged },
    resources: { listChanged, subscribe: true },
    logging: {},
    completions: {},
    ...joined("extensions"),
    ...joined("experimental"),
    ...joined("tasks"),
  };
}

/** Whether a server that declares this may know a method that is none of the protocol's: its extension is called so. */
export function mayKnow(declared: ServerCapabilities | undefined, method: string): boolean {
  // The extension of the same name has no list.
  if (method === "tasks/list") return declared?.tasks?.list !== undefined;
  const family = method.split("/")[0]!;
  const extensions = Object.keys({ ...declared?.extensions, ...declared?.experimental });
  return Object.hasOwn(declared ?? {}, family) || extensions.some((key) => key.split("/").at(-1) === family);
}
