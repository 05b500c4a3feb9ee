import { SdkError, SdkErrorCode } from "@modelcontextprotocol/client";
import { shownUrl } from "../../base/redact.js";

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** What counts as one origin: the names of this machine are one. */
function originOf({ protocol, hostname, port }: URL): string {
  return `${protocol}//${LOOPBACK.has(hostname) ? "localhost" : hostname}:${port}`;
}

/**
 * Where messages are posted, as the server names it on its stream. Another name of this machine becomes the stream's
 * own, so that credentials and cookies go where they belong.
 * @throws SdkError where it is no URL, or leads to another origin
 */
export function endpointOf(named: string, stream: URL): URL {
  if (!URL.canParse(named, stream.href))
    throw refusedEndpoint(
      `the server names an address for messages that is no URL: ${JSON.stringify(named.slice(0, 100))}`,
    );
  const endpoint = new URL(named, stream);
  endpoint.username = "";
  endpoint.password = "";
  if (originOf(endpoint) !== originOf(stream))
    throw refusedEndpoint(
      `the stream is at ${shownUrl(stream)}, and its server wants messages at ${shownUrl(endpoint)}, which is another origin. Ask who runs the server to name an address of its own`,
    );
  endpoint.hostname = stream.hostname;
  return endpoint;
}

const refusedEndpoint = (message: string) => new SdkError(SdkErrorCode.ClientHttpUnexpectedContent, message);
