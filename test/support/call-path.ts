import { directCalls } from "../../src/contract/direct-calls.js";

/**
 * Which way requests go in the tests. HOLDFAST_DIRECT=off: each through the SDK's Client and Server. HOLDFAST_DIRECT=on, as without
 * it: past them wherever that can be; progress handlers, handshakes, listen streams and schemas of the caller's own need the SDK.
 */
const wanted = process.env["HOLDFAST_DIRECT"] ?? "on";
if (wanted !== "on" && wanted !== "off") throw new Error(`HOLDFAST_DIRECT is on or off, and not ${wanted}`);
directCalls.on = wanted === "on";
