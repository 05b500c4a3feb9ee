import { fileURLToPath } from "node:url";
import { shownUrl, withoutUserInfo } from "../base/redact.js";
import { kindOfUrl } from "../composite/server-transport.js";
import { StreamableHttpTransport } from "../transports/http.js";
import { SSETransport, type SSETransportOptions } from "../transports/sse.js";
import type { ClientTransport } from "../transports/transport.js";
import { WSTransport } from "../transports/websocket.js";
import { cannotInfer } from "./cannot-infer.js";
import type { InferOptions } from "./target.js";

/** The URL in a text; undefined for what may be a path. A single letter before the colon is a Windows drive, not a scheme. */
export function urlOf(text: string): URL | undefined {
  if (/^[a-z][a-z0-9+.-]+:/i.test(text) && URL.canParse(text)) return new URL(text);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text))
    throw cannotInfer(withoutSecrets(text), "It is not a valid URL.");
  return undefined;
}

/** The transport for a URL: by its scheme, and by its path where nobody says. */
export function fromUrl(given: string | URL, url: URL, options: InferOptions): ClientTransport {
  const target = { url: given };
  const kind = kindOfUrl(url);
  if (kind === undefined) {
    const isHost = /^[\w.-]+:\d/.test(String(given));
    if (isHost)
      throw cannotInfer(
        withoutSecrets(String(given)),
        `Did you mean http://${withoutSecrets(String(given))}?`,
      );
    throw cannotInfer(shownUrl(url), `The scheme ${url.protocol}// is not one of them.`);
  }
  if (kind === "ws") return new WSTransport({ ...target, ...options });
  const { transport = kind, ...rest } = options;
  if (transport === "http") return new StreamableHttpTransport({ ...target, ...rest });
  return new SSETransport({ ...target, ...(rest as Omit<SSETransportOptions, "url">) });
}

/** The path in a `file:` URL. */
export function pathOf(url: URL): string {
  try {
    return fileURLToPath(url);
  } catch {
    throw cannotInfer(shownUrl(url), "A file URL must name a file of this machine.");
  }
}

/** A URL as it was given, without user, password, query and fragment. */
const withoutSecrets = (text: string): string => withoutUserInfo(text).replace(/[?#].*$/s, "");
