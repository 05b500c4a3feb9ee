/**
 * The circles of a graph of `{ from, to }`, one for each knot of nodes that all reach each other: the shortest through
 * its first node, as a path that ends where it began.
 */
export function circlesOf(arrows) {
  const next = new Map();
  for (const { from, to } of arrows) next.set(from, (next.get(from) ?? new Set()).add(to));
  const inKnot = new Set();
  const circles = [];
  for (const node of [...next.keys()].sort()) {
    if (inKnot.has(node)) continue;
    const circle = shortestBack(node, next);
    if (!circle) continue;
    circles.push(circle);
    const reached = reach(node, next);
    for (const other of reached) if (reach(other, next).has(node)) inKnot.add(other);
  }
  return circles;
}

/** The shortest path from a node to itself. */
function shortestBack(start, next) {
  const paths = [[start]];
  const seen = new Set();
  for (const path of paths) {
    for (const to of next.get(path.at(-1)) ?? []) {
      if (to === start) return [...path, start];
      if (seen.has(to)) continue;
      seen.add(to);
      paths.push([...path, to]);
    }
  }
  return undefined;
}

function reach(start, next) {
  const found = new Set();
  const open = [start];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const to of next.get(node) ?? []) {
      if (found.has(to)) continue;
      found.add(to);
      open.push(to);
    }
  }
  return found;
}
