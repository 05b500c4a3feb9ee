import type { RequestOptions } from "@modelcontextprotocol/client";
import { CALL, type CallTag } from "../../src/wires/call-tag.js";

export const failure = { code: "CONNECTION_LOST", message: "it was killed" };
export const tagged = () => {
  const tag = { written: 0, session: {}, ended: new AbortController().signal } as CallTag;
  return { tag, options: { headers: { [CALL]: tag } } as never };
};

/** What the wire is to know of a call that is sent with these options. */
export const tagOf = (options: RequestOptions) => (options.headers as unknown as { [CALL]: CallTag })[CALL];
