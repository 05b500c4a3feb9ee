import { keepAlive } from "../base/keep-alive.js";
import type { ConnectionStatus } from "../contract/status.js";
import type { Listening } from "../contract/wire.js";
import type { Failure } from "../machines/failure.js";
import type { ConnectionContext } from "../machines/reducers.js";
import type { Ready } from "../session/ports.js";
import { ConnectionActor, type Move } from "./actor.js";
import { CurrentEpoch } from "./current-epoch.js";
import { Effects, type EffectsHost } from "./effects.js";
import { endErrors, lossOnLeaving } from "./end-errors.js";
import { Participants } from "./participants.js";
import { errorIn, Picture } from "./picture.js";
import { Port, type PortSettings } from "./port.js";
import { type Expected, Upkeep } from "./upkeep.js";
import { Waiting } from "./waiting.js";

export interface ConnectionSettings
  extends PortSettings,
    Pick<EffectsHost, "policy" | "cache" | "schemaLimits" | "era" | "eraMemory" | "openWire" | "credential"> {
  kind: string;
  maxQueued: number;
  maxServerRequests: number;
  wireLimits: NonNullable<EffectsHost["hooks"]["limits"]>;
  heartbeatMs: number;
  /** The number that the first attempt follows. */
  epoch: number;
  random: () => number;
}

/** One life of one connection: connects, opens, is ready, is lost, and what is done at each of these steps. */
export class Connection {
  /** What sessions see of it. */
  readonly port: Port;
  readonly participants: Participants;
  readonly waiting: Waiting;
  readonly #current = new CurrentEpoch();
  readonly #picture: Picture;
  readonly #upkeep: Upkeep;
  readonly #effects: Effects;
  readonly actor: ConnectionActor;
  /** Its machine, for as long as there is something to end. Where it is at rest nobody needs to hold it. */
  readonly unrest: { actor: ConnectionActor | undefined } = { actor: undefined };
  #releaseKeeper: (() => void) | undefined;

  constructor(private readonly settings: ConnectionSettings) {
    const { policy } = settings;
    const parts = { ...settings, current: this.#current, actor: () => this.actor };
    this.waiting = new Waiting(parts);
    this.participants = new Participants({
      ...parts,
      onListening: (listening) => this.#listens(listening, this.actor.context.epoch),
      onWarning: (message) => this.port.announce({ type: "warning", message }),
    });
    this.#picture = new Picture({
      ...parts,
      authorizeTimeoutMs: policy.authorizeTimeoutMs,
      listening: () => this.participants.stream.listening,
      leases: () => this.participants.leases,
    });
    this.#upkeep = this.#upkeepOf();
    this.port = new Port(settings, {
      ...parts,
      waiting: this.waiting,
      lists: this.#upkeep.lists,
      status: () => this.status(),
    });
    this.#effects = this.#effectsOf();
    this.actor = new ConnectionActor({ ...settings, effects: this.#effects }, settings.clock, (move) =>
      this.#moved(move),
    );
  }

  status(): ConnectionStatus {
    const status = this.#picture.status(this.actor);
    const { lastError, server, authorizing } = status;
    return { ...status, ...this.port.shown({ lastError, server, authorizing }) };
  }

  /** What is known of the server before it is reached for the first time. */
  expect(expected: Expected): void {
    this.#picture.lazy = true;
    if (!this.#current.ready) this.#upkeep.lists.expect(expected);
  }

  /** Lets the connection go, and rejects what waits for it. */
  disconnect(): void {
    this.actor.send({ type: "disconnect" });
    // Race: a call began to wait while the connection was being let go already; no transition will tell it.
    this.waiting.letGo();
  }

  #upkeepOf(): Upkeep {
    const { clock, heartbeatMs, policy } = this.settings;
    return new Upkeep({
      clock,
      heartbeatMs,
      compareMs: policy.connectTimeoutMs,
      probeTimeoutMs: policy.probeTimeoutMs,
      current: this.#current,
      participants: this.participants,
      doubt: (epoch, pinged) =>
        this.#effects.doubted(pinged, () => this.actor.send({ type: "wire.doubted", epoch })),
      steady: () => this.actor.path === "connected.steady",
      heard: () => {
        this.#picture.suspect = false;
      },
      onChange: (change, epoch) => {
        this.#picture.change = this.port.shown(change);
        this.port.announce({ type: "changed", epoch, change });
      },
    });
  }

  #effectsOf(): Effects {
    const { name, policy } = this.settings;
    const { participants } = this;
    // What was declared is said again before anybody calls, and must not take the attempt's whole time.
    const timeout = Math.min(5_000, policy.connectTimeoutMs / 2);
    return new Effects({
      ...this.settings,
      current: this.#current,
      router: participants.router,
      hooks: {
        isHeard: (method) => participants.router.isHeard(method),
        onNotification: (notification, carrier) => {
          const { method } = notification;
          if (!this.#upkeep.listChanged(method)) participants.router.notify(notification, carrier);
        },
        limits: this.settings.wireLimits,
        atOnce: (method) => participants.router.atOnce(method),
        onList: (method, result, cursor) => this.#upkeep.lists.note(method, result, cursor),
        onWarning: (message) => this.port.announce({ type: "warning", message: `${name}: ${message}` }),
      },
      profile: () => participants.fix(),
      restore: (ready) =>
        participants.subscriptions.restore(ready, { timeout }, (error) => participants.report(error)),
      onWire: (wire, epoch) => {
        wire.onDoubt = () => this.actor.send({ type: "wire.doubted", epoch });
        wire.onMissed = () => this.#upkeep.missed(epoch);
        wire.onListening = (listening) => this.#listens(listening, epoch);
      },
      onRefused: (epoch) => this.actor.send({ type: "credential.refused", epoch }),
      onAuthorization: (step) => {
        const { epoch } = this.actor.context;
        this.port.announce({ type: "authorizing", epoch, authorizing: this.#picture.authorizes(step) });
      },
      onProbed: (how) => {
        this.#picture.suspect = how === "busy";
      },
      onLost: (epoch, failure) => this.#lost(epoch, failure),
    });
  }

  #listens(listening: Listening, epoch: number): void {
    this.port.announce({ type: "listening", epoch, listening });
  }

  /** What the wire says of its loss; that the server wants credentials stays what it is. */
  #lost(epoch: number, failure: Failure): void {
    if (this.#current.ready?.epoch === epoch) this.#current.end();
    const lost: Failure =
      failure.code === "AUTH_REQUIRED" ? failure : { ...failure, code: "CONNECTION_LOST" };
    this.actor.send({ type: "wire.lost", epoch, failure: lost });
  }

  #moved(move: Move): void {
    const { from, to, cause, context } = move;
    this.unrest.actor = to === "idle" || to === "closed" ? undefined : this.actor;
    this.#picture.moves(move);
    const opened = to === "connected.steady" && from === "connecting.opening";
    const ready = opened ? this.#current.begin() : undefined;
    if (!to.startsWith("connected")) this.#letGo(to, context);
    const { epoch, attempt, nextRetryAt } = context;
    const error = errorIn(context);
    this.port.announce({
      type: "transition",
      from,
      to,
      cause,
      epoch,
      attempt,
      ...(nextRetryAt !== undefined && { delayMs: Math.max(0, nextRetryAt - this.settings.clock.now()) }),
      ...(error && { error }),
    });
    if (ready) this.#begin(ready);
    this.#wake(move);
  }

  /** The handshake is done, and the subscribers have heard of it. */
  #begin(ready: Ready): void {
    this.#upkeep.start(ready);
    this.waiting.ready(ready);
    // Race: a request was refused between the handshake's answer and this step, when nobody could act on it.
    if (!this.#effects.parked.empty) this.actor.send({ type: "credential.refused", epoch: ready.epoch });
  }

  /** Nothing passes the wire any more. Its resources go with `disconnecting`, or before the next attempt. */
  #letGo(to: string, context: ConnectionContext): void {
    const ready = this.#current.end();
    this.#upkeep.stop();
    this.#picture.suspect = false;
    const loss = lossOnLeaving(to, context);
    ready?.guard.shut(loss);
    this.#effects.parked.release(loss);
    if (to === "connecting.waiting" || to === "connecting.authorizing") void this.#effects.dispose();
  }

  /** Wakes those who wait, after the subscribers have heard. */
  #wake({ from, to, context }: Move): void {
    if (from === "connected.probing" || from === "connected.authorizing") this.waiting.verdict();
    if (from === "connected.authorizing" && to === "connected.steady") this.#effects.parked.release();
    if (to === "disconnecting") this.#releaseKeeper ??= keepAlive();
    else {
      this.#releaseKeeper?.();
      this.#releaseKeeper = undefined;
    }
    if (to === "disconnecting" && context.leaving === "idle") this.waiting.letGo();
    else if (to === "disconnecting" || to === "closed") this.#end(context);
    this.waiting.moved();
  }

  /** Nobody waits for the resources of a connection that is over. */
  #end({ leaving, lastError }: ConnectionContext): void {
    if (this.waiting.closedError) return;
    const failed = leaving !== "asked" && lastError !== undefined;
    const failure = failed ? this.#withDeadline(lastError) : undefined;
    const { closed, cause, ended } = this.port.shown(endErrors(this.settings.name, leaving, failure));
    this.waiting.end(closed, cause);
    this.participants.end(ended);
  }

  /** The machine's own timeout knows neither the deadline in words nor what the wire has to say. */
  #withDeadline(failure: Failure): Failure {
    if (failure.code !== "CONNECT_TIMEOUT") return failure;
    const details = { timeoutMs: this.settings.policy.connectTimeoutMs };
    return this.#effects.attempts.explained({ ...failure, details });
  }
}
