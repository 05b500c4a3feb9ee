import type { Exchange } from "../../src/wires/http/request.js";

/** What an answer is read from, where nobody is behind it. */
export const exchange = (abort: Exchange["abort"] = () => {}): Exchange => ({
  abort,
  pause() {},
  resume() {},
});
