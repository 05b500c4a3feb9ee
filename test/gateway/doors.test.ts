import { InMemoryTransport } from "@modelcontextprotocol/client";
import { expect, it, onTestFinished } from "vitest";
import { doorContract } from "../support/door-contract.js";
import { stdioFixture, until } from "../support/fixtures.js";

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

it("session.asTransport() cancels a request by the signal that it was sent with", async () => {
  const { transport, did } = stdioFixture();
  const session = await transport.connectSession();
  const client = session.asTransport();
  const answered: unknown[] = [];
  client.onmessage = ({ id }) => answered.push(id);
  await client.start();
  const over = new AbortController();
  const ask = (id: number, method: string, params: object, signal = over.signal) =>
    client.send({ jsonrpc: "2.0", id, method, params }, { signal });
  const clientInfo = { name: "by hand", version: "1" };
  await ask(1, "initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo });
  await until(() => answered.includes(1));
  await client.send({ jsonrpc: "2.0", method: "notifications/initialized" });
  await ask(2, "tools/call", { name: "never" });
  await until(() => did().includes("never begun"));
  over.abort(new Error("enough"));
  await until(() => did().includes("never cancelled"));
  await ask(3, "ping", {}, new AbortController().signal);
  await until(() => answered.includes(3));
  expect(answered).toEqual([1, 3]);
});
