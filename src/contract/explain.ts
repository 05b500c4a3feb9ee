import type { FleetHealth } from "../machines/fleet-health.js";
import type { ConnectionStatus, FailedHealth, Health } from "./status.js";

/** How a server, or all servers of a config together, are; and what can be done about it. */
export interface Explanation {
  /** One word. Of a config with several servers it is that of the whole. */
  health: Health | FleetHealth;
  /** One sentence: the cause, and the next step. It holds no secret. */
  advice: string;
}

const NEXT_STEP: Record<FailedHealth, string> = {
  "needs sign-in": "sign in with `holdfast login`, or pass auth",
  unreachable: "see whether it runs, and whether its address is right",
  refused: "see whether this is the address of an MCP server that you may use",
  misconfigured: "correct its options, or its entry in the config",
  crashing: "read its last lines on stderr, and start its command by hand",
};

/** What a status means, and what can be done about it. `now`: epoch ms. */
export function explain(status: ConnectionStatus, now: number): Explanation {
  const health = healthOf(status);
  const advice = `${status.name} ${adviceFor(health, status, now)}`;
  return { health, advice: advice.endsWith("?") ? advice : `${advice}.` };
}

/** How a server is, in one word. */
export function healthOf({ kind, state, detail, listening, suspect, lastError }: ConnectionStatus): Health {
  if (kind === "misconfigured") return "misconfigured";
  if (detail === "authorizing") return "needs sign-in";
  if (state === "connected") return listening === "lost" || suspect ? "deaf" : "ok";
  if (lastError) return lastError.health;
  return state === "closed" ? "closed" : state === "connecting" ? "starting" : "known";
}

function adviceFor(health: Health, status: ConnectionStatus, now: number): string {
  const { state, authorizing, lazy } = status;
  switch (health) {
    case "known":
      return lazy ? "is started by its first call" : "is connected by its first session or call";
    case "starting":
      return "is being reached for the first time: wait, or see its stderr if it takes long";
    case "ok":
      return "is connected: there is nothing to do";
    case "closed":
      return "was closed: its next session opens it again";
    case "deaf":
      return status.suspect
        ? "is connected and gives no sign of life: it is asked for one, and reconnected if it gives none"
        : "is connected, but what it sends by itself does not arrive: calls work, and its stream is opened again";
    default: {
      if (authorizing) return "waits for a person to sign in: open the page that it showed";
      const { cause, hint } = partsOf(status);
      const step = hint || NEXT_STEP[health];
      return [`failed (${cause}): ${step}`, nextTry(state, status.nextRetryAt, now)]
        .filter(Boolean)
        .join(step.endsWith("?") ? " — " : "; ");
    }
  }
}

/** The first line of the last error, without the server's name, as a cause and as what it says may be done. */
function partsOf({ name, lastError }: ConnectionStatus): { cause: string; hint: string } {
  const { message = "its entry in the config is not valid", hint: given = "" } = lastError ?? {};
  const [line = ""] = message.split("\n");
  const [cause = "", ...rest] = line.replace(`${name}: `, "").split(/(?<=[.?!]) /);
  return { cause: withoutStop(cause), hint: asClause(given || rest.join(" ")) };
}

const withoutStop = (text: string): string => text.replace(/[.\s]+$/, "");
const asClause = (hint: string): string => withoutStop(hint.charAt(0).toLowerCase() + hint.slice(1));

function nextTry(state: ConnectionStatus["state"], at: number | undefined, now: number): string {
  if (state === "closed" || state === "idle") return "its next session or call tries again";
  return at === undefined ? "" : `it is tried again in ${(Math.max(0, at - now) / 1_000).toFixed(1)} s`;
}
