import { createHash, timingSafeEqual } from "node:crypto";
import { hostHeaderValidationResponse, originValidationResponse } from "@modelcontextprotocol/server";
import { SERVER_ERROR } from "../contract/protocol.js";
import type { HttpSettings } from "./http-options.js";

/** Who may ask: under a name that is ours, from no page of somebody else's, and with the token where there is one. */
export class Access {
  readonly #wanted: Buffer | undefined;

  constructor(private readonly settings: Pick<HttpSettings, "hosts" | "origins" | "token">) {
    const { token } = settings;
    this.#wanted = token === undefined ? undefined : digest(token);
  }

  /** What a page of somebody else's hears, which a name of theirs may have led here. */
  refused(request: Request): Response | undefined {
    const { hosts, origins } = this.settings;
    return (
      (hosts && hostHeaderValidationResponse(request, hosts)) ?? originValidationResponse(request, origins)
    );
  }

  unauthorized(request: Request): Response | undefined {
    if (!this.#wanted) return undefined;
    const [, given] = /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
    if (given !== undefined && timingSafeEqual(digest(given), this.#wanted)) return undefined;
    const message = "holdfast serve: send the token as a header, Authorization: Bearer TOKEN";
    return problem(401, message, { "www-authenticate": "Bearer" });
  }
}

/** Of one length, whatever was given. */
const digest = (token: string) => createHash("sha256").update(token).digest();

/** A refusal that belongs to no request of the protocol. */
export function problem(status: number, message: string, headers: Record<string, string> = {}): Response {
  const body = { jsonrpc: "2.0", id: null, error: { code: SERVER_ERROR, message } };
  return Response.json(body, { status, headers });
}

/** The answer to a request that came while all ended. */
export const ended = (): Response => problem(503, "holdfast serve is ending; nothing was done");
