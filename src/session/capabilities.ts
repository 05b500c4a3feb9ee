import {
  type Client,
  type ClientCapabilities,
  SdkError,
  SdkErrorCode,
  type ServerCapabilities,
} from "@modelcontextprotocol/client";
import { factsOf } from "../contract/methods.js";
import { TASKS_EXTENSION } from "../contract/protocol.js";
import type { ConnectionPort } from "./ports.js";

const warnedOf = new WeakSet<Client>();

/** Said once of a server that declares nothing that could be asked for: it forgot to, or is of no use. */
function nothingDeclared(client: Client, server: string, missing: string): string | undefined {
  const { tools, prompts, resources, completions } = client.getServerCapabilities() ?? {};
  if (tools || prompts || resources || completions || warnedOf.has(client)) return undefined;
  warnedOf.add(client);
  return `${server} declares no capabilities, so it is not asked for its ${missing}; a server that has some must declare them`;
}

/** Whether a client with these capabilities is told of tasks in place of results. */
export const knowsTasks = ({ extensions }: ClientCapabilities): boolean =>
  extensions?.[TASKS_EXTENSION] !== undefined;

/** The capability that the method needs and the server did not declare, if any. */
export function missingCapability(
  declared: ServerCapabilities | undefined,
  method: string,
): string | undefined {
  const { needs } = factsOf(method);
  return needs !== undefined && !declared?.[needs] ? needs : undefined;
}

/**
 * What is answered in place of a server that does not offer what is asked for: an empty list.
 * @throws SdkError `CapabilityNotSupported` where no list is asked for
 */
export function notOffered(
  port: Pick<ConnectionPort, "name" | "announce">,
  client: Client,
  { method, missing }: { method: string; missing: string },
): object {
  const { name } = port;
  const { list } = factsOf(method);
  if (list === undefined) {
    const message = `${name} does not support ${missing} (required for ${method})`;
    throw new SdkError(SdkErrorCode.CapabilityNotSupported, message);
  }
  const message = nothingDeclared(client, name, missing);
  if (message) port.announce({ type: "warning", message });
  return { [list]: [] };
}
