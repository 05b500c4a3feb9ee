/** The revision of the modern era, in which nobody shakes hands. */
export const MODERN_REVISION = "2026-07-28";

/** The code of an error that is no kind of the protocol's own; the SDK 1 says with it that a connection was closed. */
export const SERVER_ERROR = -32000;

/** The code of an error inside of whoever answers. */
export const INTERNAL_ERROR = -32603;

/** The extension of the modern era in which a server may answer a call with a task. */
export const TASKS_EXTENSION = "io.modelcontextprotocol/tasks";

/** Where, in the `_meta` of a list-changed notification, a connection says how the list differs. */
export const DIFFERENCES = "holdfast/differences";

/** The method of a request that is answered when the client says so, and never before. */
export const STANDING = "subscriptions/listen";
