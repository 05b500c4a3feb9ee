import { toDirectedGraph } from "xstate/graph";
import { connectionMachine } from "./connection.js";

interface StateNodeLike {
  states: Record<string, StateNodeLike>;
  initial: { target: readonly { key: string }[] };
}
type Node = ReturnType<typeof toDirectedGraph>;

/** The path of a state from its id: `connecting.waiting` from `connection.connecting.waiting`. */
export const pathOf = (id: string) => id.replace(/^connection\.?/, "");

/** The innermost state that is entered with this path: a state with details is entered through its first one. */
function leafOf(path: string): string {
  const root: StateNodeLike = connectionMachine.root;
  const initial = path.split(".").reduce((at, key) => at.states[key]!, root).initial?.target[0]?.key;
  return initial === undefined ? path : `${path}.${initial}`;
}

function leaves(node: Node): string[] {
  return node.children.length === 0 ? [pathOf(node.id)] : node.children.flatMap(leaves);
}

function collect(node: Node, into: Set<string>): Set<string> {
  for (const edge of node.edges) {
    const to = leafOf(pathOf(edge.target.id));
    for (const from of leaves(node)) if (from !== to) into.add(`${from} -> ${to}`);
  }
  for (const child of node.children) collect(child, into);
  return into;
}

/** All edges of the chart between two innermost states, as `from -> to`. */
export const edges = collect(toDirectedGraph(connectionMachine), new Set());
