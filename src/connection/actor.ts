import { type ActorRefFrom, createActor, type SnapshotFrom } from "xstate";
import type { ConnectionDetail, ConnectionState } from "../contract/status.js";
import { causeOf } from "../machines/causes.js";
import type { Clock } from "../machines/clock.js";
import { connectionMachine } from "../machines/connection.js";
import type { ConnectionContext, ConnectionInput } from "../machines/reducers.js";
import type { ConnectionMachineEvent } from "../machines/setup.js";

type Snapshot = SnapshotFrom<typeof connectionMachine>;

/** One step of the machine from one state to another, each as one word: `connecting.waiting`, `idle`. */
export interface Move {
  from: string;
  to: string;
  cause: string;
  context: ConnectionContext;
}

/** The machine of one connection at work. The only place that knows that it is XState's. */
export class ConnectionActor {
  readonly #actor: ActorRefFrom<typeof connectionMachine>;
  #path = "idle";

  constructor(input: Omit<ConnectionInput, "now">, clock: Clock, onMove: (move: Move) => void) {
    this.#actor = createActor(connectionMachine, {
      input: { ...input, now: () => clock.now() },
      clock,
      inspect: (step) => {
        if (step.type !== "@xstate.snapshot" || step.actorRef !== this.#actor) return;
        const { value, context } = step.snapshot as Snapshot;
        const [from, to] = [this.#path, pathOf(value)];
        if (from === to) return;
        this.#path = to;
        onMove({ from, to, cause: causeOf(step.event.type), context });
      },
    });
    this.#actor.start();
  }

  get context(): ConnectionContext {
    return this.#actor.getSnapshot().context;
  }

  /** State and detail as one word. */
  get path(): string {
    return this.#path;
  }

  get state(): ConnectionState {
    return this.#path.split(".")[0] as ConnectionState;
  }

  get detail(): ConnectionDetail | undefined {
    return this.#path.split(".")[1] as ConnectionDetail | undefined;
  }

  /** A closed connection hears nothing more. */
  send(event: ConnectionMachineEvent): void {
    if (this.#actor.getSnapshot().status === "active") this.#actor.send(event);
  }
}

function pathOf(value: Snapshot["value"]): string {
  if (typeof value === "string") return value;
  const [[state, detail]] = Object.entries(value) as [[string, string]];
  return `${state}.${detail}`;
}
