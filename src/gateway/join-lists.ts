import type { Result } from "@modelcontextprotocol/server";

/** One answer made of several servers' lists: arrays of one name are joined, everything else is the first one's. */
export function joinLists(lists: readonly Result[]): Result {
  const joined: Result = {};
  for (const list of lists)
    for (const [key, value] of Object.entries(list)) {
      const before = joined[key];
      if (before === undefined) joined[key] = value;
      else if (Array.isArray(before) && Array.isArray(value)) joined[key] = [...before, ...value];
    }
  // The pages of several servers have no cursor in common.
  delete joined["nextCursor"];
  return joined;
}
