import { runCallback, unheard } from "../base/callback.js";
import type { Secrets } from "../base/redact.js";
import { shown } from "../base/shown.js";
import { visibleLine } from "../base/visible.js";
import type { Logger } from "../contract/options.js";
import type { ConnectionEvent, ConnectionStatus } from "../contract/status.js";
import { LOG_EVENTS, type LogEvent, type LogFields, type LogLevel } from "./log-events.js";

type Of<T extends ConnectionEvent["type"]> = Extract<ConnectionEvent, { type: T }>;

/** More losses than these in so many minutes are worth a person's attention; the same as in the alert of examples/. */
const FLAPPING = { losses: 5, minutes: 10 };
/** With these a connection is let go, and not lost. */
const ASKED = new Set(["close", "disconnect", "lease.released", "idle.elapsed"]);

/** Writes what happens to a connection to the user's logger, one line an event. */
export class ConnectionLog {
  readonly #writes: (level: LogLevel, fields: object, message: string) => void;
  #lostAt: number | undefined;
  #losses: number[] = [];
  #told = Number.NEGATIVE_INFINITY;
  #asked = false;

  constructor(
    logger: Logger,
    private readonly secrets: Secrets,
  ) {
    this.#writes = writerOf(logger);
  }

  hear(status: ConnectionStatus, event: ConnectionEvent): void {
    if (event.type === "transition") this.#moved(status, event);
    if (event.type === "warning") this.#say(status, "warning", event.message, {});
    if (event.type === "request.resent" || event.type === "request.lost") this.#called(status, event);
    if (event.type === "listening" && event.listening === "lost")
      this.#say(status, "deaf", "connected, but its own messages do not arrive", { epoch: event.epoch });
    if (event.type === "changed") {
      const lists = Object.keys(event.change.lists);
      const message = `is not what it was: ${lists.join(", ") || "server"}`;
      this.#say(status, "changed", message, { epoch: event.epoch, lists });
    }
    if (event.type !== "health") return;
    const { health } = event;
    if (health === "ready" || health === "degraded" || health === "down")
      this.#say(status, health, `all servers together: ${health}`, { health });
  }

  #called(status: ConnectionStatus, event: Of<"request.resent" | "request.lost">): void {
    const { method, name, outcome, traceId: trace_id } = event;
    const call = name === undefined ? method : `${method} ${name}`;
    const fields = { method, name, outcome, trace_id };
    if (event.type === "request.resent")
      this.#say(status, "call.resent", `${call} was lost (${outcome}) and is sent again`, fields);
    else this.#say(status, "call.lost", `${call} was lost (${outcome})`, { ...fields, code: event.code });
  }

  #moved(status: ConnectionStatus, event: Of<"transition">): void {
    const { from, to, epoch, attempt, delayMs, cause, error, at } = event;
    const why = { code: error?.code, reason: error?.message };
    const was = (state: string) => from.startsWith(state);
    if (was("connected") || was("connecting")) this.#asked = ASKED.has(cause);
    if (was("connected") && !to.startsWith("connected") && !this.#asked) {
      this.#say(status, "lost", `the connection was lost${because(error)}`, { epoch, cause, ...why });
      this.#lost(status, at);
    }
    if (to === "connecting.opening") this.#say(status, "attempt", `attempt ${attempt}`, { epoch, attempt });
    if (to === "connecting.waiting")
      this.#say(status, "waiting", `tries again in ${delayMs} ms${because(error)}`, {
        attempt,
        delayMs,
        ...why,
      });
    if (to === "connecting.authorizing") this.#say(status, "sign-in", "waits for a person to sign in", {});
    if (to === "connected.steady" && was("connecting")) this.#connected(status, event);
    if (to === "closed" && !this.#asked && error) this.#say(status, "dead", `given up${because(error)}`, why);
  }

  #connected(status: ConnectionStatus, { epoch, attempt, at }: Of<"transition">): void {
    const lostAt = this.#lostAt;
    this.#lostAt = undefined;
    if (lostAt === undefined) {
      const { era, protocolVersion: protocol, pid } = status;
      this.#say(status, "connected", "connected", { epoch, era, protocol, pid });
      return;
    }
    const downMs = Math.max(0, Math.round(at - lostAt));
    const attempts = Math.max(1, attempt);
    const message = `connected again after ${downMs} ms and ${attempts} ${attempts === 1 ? "attempt" : "attempts"}`;
    this.#say(status, "reconnected", message, { epoch, attempts, downMs });
  }

  #lost(status: ConnectionStatus, at: number): void {
    this.#lostAt ??= at;
    const { minutes } = FLAPPING;
    const since = at - minutes * 60_000;
    this.#losses = [...this.#losses.filter((one) => one > since), at];
    const losses = this.#losses.length;
    if (losses <= FLAPPING.losses || this.#told > since) return;
    this.#told = at;
    this.#say(status, "flapping", `was lost ${losses} times within ${minutes} minutes`, { losses, minutes });
  }

  #say<E extends LogEvent>(
    { name }: ConnectionStatus,
    event: E,
    message: string,
    fields: LogFields<E>,
  ): void {
    const { level } = LOG_EVENTS[event];
    const given = Object.entries(fields).filter(([, value]) => value !== undefined);
    const text = event === "warning" ? message : `${name}: ${message}`;
    const entry = shown(this.secrets, { event, server: name, ...Object.fromEntries(given) });
    this.#writes(level, entry, visibleLine(this.secrets.redact(text)));
  }
}

const because = (error: { message: string } | undefined): string => (error ? `: ${error.message}` : "");

/** Loggers built like pino take the fields first; everything else gets a line of text. */
function writerOf(logger: Logger) {
  const structured = typeof (logger as { bindings?: unknown }).bindings === "function";
  return (level: LogLevel, fields: object, message: string): void => {
    const { trace_id } = fields as { trace_id?: string };
    const line = trace_id === undefined ? message : `${message} trace_id=${trace_id}`;
    runCallback(() => (structured ? logger[level]?.(fields, message) : logger[level]?.(line)), unheard);
  };
}
