/**
 * What Node calls an HTTP status, "" where it knows none. Not by an import: Node 24 loads its own `fetch` and `WebSocket` with the
 * exports of `node:http`, which takes 30 ms and more.
 */
export const statusText = (status: number): string =>
  process.getBuiltinModule("node:http").STATUS_CODES[status] ?? "";
