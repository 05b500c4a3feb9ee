/** With HOLDFAST_DIRECT=off the tests run with every call on the path of the SDK's Client. */
if (process.env["HOLDFAST_DIRECT"] === "off") {
  const { directCalls } = await import("../../src/contract/direct-calls.js");
  directCalls.on = false;
}

export {};
