import { describe, expect, it } from "vitest";
import { connectionMachine } from "../../src/machines/connection.js";
import { pathOf } from "../../src/machines/edges.js";

type StateNode = typeof connectionMachine.root;

const EVENTS = [
  "connect",
  "demand",
  "demand.withdrawn",
  "lease.acquired",
  "lease.released",
  "disconnect",
  "close",
  "retry.now",
  "wire.doubted",
  "wire.lost",
  "idle.elapsed",
];

function leaves(node: StateNode): StateNode[] {
  const children = Object.values(node.states) as StateNode[];
  return children.length === 0 ? [node] : children.flatMap(leaves);
}

/** What a state does with an event, its parents asked last, as the machine would. */
function cell(node: StateNode, event: string): string | undefined {
  const own = node.transitions.get(event);
  const above = node.parent ? cell(node.parent as StateNode, event) : undefined;
  if (!own) return above;
  const words = own.map(({ guard, target, actions }) => {
    const to = target?.map((t) => pathOf(t.id)).join() ?? "";
    const does = actions.map((a) => (typeof a === "string" ? a : (a as { type: string }).type)).join("+");
    const what = [to && `→ ${to}`, does].filter(Boolean).join(" ") || "nothing";
    return guard ? `${guardName(guard)}: ${what}` : what;
  });
  const isTotal = own.some(({ guard }) => guard === undefined);
  return isTotal || above === undefined || above === "nothing"
    ? words.join("; ")
    : `${words.join("; ")}; else ${above}`;
}

function guardName(guard: unknown): string {
  if (typeof guard === "string") return guard;
  const { guards, type } = guard as { guards?: string[]; type?: string };
  return guards?.join(" and ") ?? type ?? String(guard);
}

describe("the table of state by event", () => {
  it("says in every state what it does with every event", async () => {
    const states = leaves(connectionMachine.root).filter((node) => node.type !== "final");
    const rows = states.flatMap((node) =>
      EVENTS.map((event) => [pathOf(node.id), event, cell(node, event)] as const),
    );
    expect(rows.filter(([, , does]) => does === undefined)).toEqual([]);
    const table = rows.map(([state, event, does]) => `| ${state} | ${event} | ${does} |`);
    const text = ["| state | event | what happens |", "| --- | --- | --- |", ...table, ""].join("\n");
    console.log(text);
    await expect(text).toMatchFileSnapshot("table.md");
  });

  it("has exactly the five states of the design", () => {
    expect(Object.keys(connectionMachine.root.states)).toEqual([
      "idle",
      "connecting",
      "connected",
      "disconnecting",
      "closed",
    ]);
  });
});
