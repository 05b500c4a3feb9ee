import { CALL, type CallTag } from "../../src/wires/guard.js";

export const failure = { code: "CONNECTION_LOST", message: "it was killed" };
export const tagged = () => {
  const tag = { written: 0, session: {}, ended: new AbortController().signal } as CallTag;
  return { tag, options: { headers: { [CALL]: tag } } as never };
};
