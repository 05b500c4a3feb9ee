import { codeOf, messageOf } from "../../base/errors.js";
import { withoutUserInfo } from "../../base/redact.js";
import { FORBIDDEN_ADDRESS, isLinkLocal, isThisMachine } from "../../base/this-machine.js";
import { untilAborted, withDeadline } from "../../base/wait.js";
import type { FetchLike } from "../../contract/credential.js";

/** The deadline of one request. */
const TIMEOUT_MS = 15_000;
/** Metadata, registrations and tokens are small, so anything larger is refused. */
const MAX_BYTES = 512 * 1024;
const MAX_REDIRECTS = 3;

/** An address or an answer of an authorization server that is not safe to use. Trying again does not help. */
export class UnsafeAnswer extends Error {}

/**
 * A `fetch` for the requests of a sign-in at `server`. Addresses are https, or http on this machine. Answers are limited in size
 * and time. Redirects are followed for GET only, and only within one origin. Addresses on this machine are allowed only where the
 * MCP server is on it too; link-local ones never, save the server's own.
 * @throws UnsafeAnswer where one of these rules is broken
 */
export function safeFetch(fetch: FetchLike, server: URL, signal?: AbortSignal): FetchLike {
  return async (url, init) => {
    let target = new URL(url);
    for (let redirects = 0; ; redirects++) {
      const danger = dangerOf(target, server);
      if (danger) throw new UnsafeAnswer(danger);
      const response = await bounded(fetch, target, { ...init, redirect: "manual" }, signal);
      const location = response.headers.get("location");
      if (response.status < 300 || response.status > 399 || !location) return response;
      const next = new URL(location, target);
      const method = init?.method ?? "GET";
      if (method !== "GET" || next.origin !== target.origin || redirects >= MAX_REDIRECTS)
        throw new UnsafeAnswer(`${shown(target)} redirects to ${shown(next)}, which is not followed`);
      target = next;
    }
  };
}

/** Reads the whole answer, so that the limits hold for its body, too. */
async function bounded(
  fetch: FetchLike,
  url: URL,
  init: RequestInit,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const deadline = {
    ms: TIMEOUT_MS,
    expired: () => new Error(`${shown(url)} did not answer within ${TIMEOUT_MS / 1000} s`),
    signals: [signal],
  };
  const ask = async (signal: AbortSignal) => {
    const response = await fetch(url, { ...init, signal }).catch((error: unknown) => {
      throw codeOf(error) === FORBIDDEN_ADDRESS ? new UnsafeAnswer(messageOf(error)) : error;
    });
    const body = await read(response, url);
    const { status, statusText, headers } = response;
    return new Response(BODILESS.has(status) ? null : withoutNulls(body), { status, statusText, headers });
  };
  return withDeadline(deadline, (limit) => untilAborted(ask(limit), limit));
}

const BODILESS = new Set([101, 204, 205, 304]);

/** Many languages write null for what is not set. What is no JSON, or too deep to look through, stays as it is. */
function withoutNulls(body: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
  if (!body.includes("null")) return body;
  try {
    const value: unknown = JSON.parse(body.toString(), (_key, value: unknown) => {
      if (Array.isArray(value)) return value.filter((item) => item !== undefined && item !== null);
      return value ?? undefined;
    });
    return value === undefined ? body : Buffer.from(JSON.stringify(value));
  } catch {
    return body;
  }
}

async function read(response: Response, url: URL): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) throw new UnsafeAnswer(`${shown(url)} answered with more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Whether nobody on the way can read what is sent there: https, or http on this machine. */
export const isSecure = ({ protocol, hostname }: URL): boolean =>
  protocol === "https:" || (protocol === "http:" && isThisMachine(hostname));

/** Why a sign-in at `server` must not use an address, as a sentence without its full stop; undefined where it may. */
export function dangerOf(url: URL, server: URL): string | undefined {
  const { hostname } = url;
  if (isThisMachine(hostname) && !isThisMachine(server.hostname))
    return `${shown(url)} is on this machine, and the server is not`;
  if (isLinkLocal(hostname) && hostname !== server.hostname) return `${shown(url)} is a link-local address`;
  return isSecure(url) ? undefined : `${shown(url)} is neither https nor on this machine`;
}

/** An address without user, password, query and fragment, which may be secret. */
const shown = (url: URL) =>
  withoutUserInfo(url.href)
    .replace(/[?#].*$/s, "")
    .slice(0, 200);
