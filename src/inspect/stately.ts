import type { InspectionEvent } from "../contract/inspection.js";
import { connectionMachine } from "../machines/connection.js";

/** A message of `@statelyai/inspect` to its viewer: the argument of its `Adapter.send`. */
export interface StatelyEvent {
  type: "@xstate.actor" | "@xstate.event" | "@xstate.snapshot";
  rootId: string;
  sessionId: string;
  createdAt: string;
  id: string;
  _version: string;
  name?: string;
  parentId?: string | undefined;
  definition?: string;
  sourceId?: undefined;
  event?: { type: string };
  snapshot?: { status: "active" | "done"; value: unknown; context: Record<string, unknown> };
}

/** The version that `@statelyai/inspect` 0.7 puts into its messages. */
const VERSION = "0.7.0";
let events = 0;

/** A path such as `connecting.waiting` in the form of an XState value: `{ connecting: "waiting" }`. */
function stateValue(path: string): unknown {
  const [state, detail] = path.split(".");
  return detail === undefined ? state : { [state!]: detail };
}

/**
 * Translates one inspection event into messages for the adapter of `@statelyai/inspect`.
 *
 *     inspector.onEvent((event) => toStately(event).forEach((each) => stately.adapter.send(each)));
 *
 * The events are redacted already. Stately's inspector never gets the machine's own input and events.
 */
export function toStately(event: InspectionEvent): StatelyEvent[] {
  const base = () => ({
    rootId: event.id,
    sessionId: event.id,
    createdAt: String(event.at),
    id: `holdfast-${++events}`,
    _version: VERSION,
  });
  if (event.type === "appeared") {
    return [
      {
        ...base(),
        type: "@xstate.actor",
        name: event.name,
        parentId: undefined,
        definition: JSON.stringify(connectionMachine.config),
        snapshot: {
          status: "active",
          value: stateValue(event.state),
          context: { kind: event.kind, epoch: event.epoch },
        },
      },
    ];
  }
  if (event.type !== "transition") return [];
  const { to, cause, epoch, attempt, delayMs, code } = event;
  const said = { type: cause };
  return [
    { ...base(), type: "@xstate.event", sourceId: undefined, event: said },
    {
      ...base(),
      type: "@xstate.snapshot",
      event: said,
      snapshot: {
        status: to === "closed" ? "done" : "active",
        value: stateValue(to),
        context: { epoch, attempt, ...(delayMs !== undefined && { delayMs }), ...(code && { code }) },
      },
    },
  ];
}
