import { type Dispatcher, fetch as undiciFetch } from "undici";
import type { FetchLike } from "../contract/credential.js";

/** A `fetch` over sockets of our own. The types of undici and of Node's own copy of it differ, and their objects do not. */
export const fetchOver =
  (agent: () => Dispatcher): FetchLike =>
  async (url, init) => {
    const response: unknown = await undiciFetch(url, { ...(init as object), dispatcher: agent() });
    return response as Response;
  };
