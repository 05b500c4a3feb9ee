import { explain, messageOf } from "../../internal.js";
import { adviceOf } from "./server-rows.js";
import { targetOf } from "./target.js";

/** Reaches a server by itself, lets it go, and says how it was, and what to do where it was not well. Asks nobody to trust a file. */
export async function reached(target: string): Promise<{ health: string; says: string }> {
  try {
    const { transport, needing } = targetOf([target], { header: {}, env: {}, timeout: 60_000 });
    try {
      // Why it cannot be reached is in its status.
      await transport.connectSession().catch(() => {});
      const { status } = transport;
      const { health } = explain(status, Date.now());
      return { health, says: health === "ok" ? "" : adviceOf(status, { needing }) };
    } finally {
      await transport.close();
    }
  } catch (error) {
    return { health: "misconfigured", says: messageOf(error) };
  }
}
