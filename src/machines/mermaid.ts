import { toDirectedGraph } from "xstate/graph";
import { causeOf } from "./causes.js";
import { connectionMachine } from "./connection.js";
import { pathOf } from "./edges.js";

type Node = ReturnType<typeof toDirectedGraph>;

/** The chart of a connection in Mermaid's language, made from the machine. Edges between the same two states share one arrow. */
export function mermaid(): string {
  const arrows = new Map<string, Set<string>>();
  const inner = new Map<string, string[]>();
  const collect = (node: Node) => {
    for (const { source, target, label } of node.edges) {
      const [from, to] = [pathOf(source.id), pathOf(target.id)];
      if (from === to) continue;
      const key = `${nameOf(from, to)} --> ${nameOf(to, from)}`;
      arrows.set(key, (arrows.get(key) ?? new Set()).add(causeOf(label.text)));
    }
    node.children.forEach(collect);
  };
  collect(toDirectedGraph(connectionMachine));
  const lines = ["stateDiagram-v2", "  [*] --> idle"];
  for (const [name, state] of Object.entries(connectionMachine.root.states)) {
    const details = Object.keys(state.states);
    if (details.length === 0) continue;
    const within = [...arrows].filter(([key]) => key.split(" --> ").every((end) => details.includes(end)));
    inner.set(
      name,
      within.map(([key]) => key),
    );
    lines.push(
      `  state ${name} {`,
      `    [*] --> ${details[0]}`,
      ...within.map((arrow) => `    ${draw(arrow)}`),
      "  }",
    );
  }
  const drawn = [...inner.values()].flat();
  for (const arrow of arrows) if (!drawn.includes(arrow[0])) lines.push(`  ${draw(arrow)}`);
  lines.push("  closed --> [*]");
  return lines.join("\n");
}

const draw = ([key, labels]: [string, Set<string>]) => `${key}: ${[...labels].join(" · ")}`;

/** The name of one end of an arrow: the detail for an arrow within one state, otherwise the state. */
function nameOf(path: string, other: string): string {
  const [state = path, detail] = path.split(".");
  return detail !== undefined && other.split(".")[0] === state ? detail : state;
}
