import { InMemoryTransport } from "@modelcontextprotocol/client";
import { onTestFinished } from "vitest";
import { doorContract } from "../support/door-contract.js";

doorContract("session.asTransport()", async (transport) => {
  const session = await transport.connectSession();
  return () => session.asTransport();
});

doorContract("transport.asServer()", async (transport) => {
  const server = transport.asServer();
  onTestFinished(() => server.close());
  return async () => {
    const [near, far] = InMemoryTransport.createLinkedPair();
    await server.connect(far);
    return near;
  };
});
