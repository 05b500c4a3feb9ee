import { StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { onTestFinished } from "vitest";
import { serve } from "../../src/serve/index.js";
import { doorContract } from "../support/door-contract.js";

doorContract("serve over HTTP", async (transport) => {
  const served = await serve(transport, { http: {} });
  onTestFinished(() => served.close());
  return () => new StreamableHTTPClientTransport(new URL(served.url!));
});
