// Stands between a client and a server, as a middlebox does that forgets flows: after `swallow()`, what the server sends on
// the flows that are open goes nowhere, and nobody is told; what the client sends passes, and so do new flows.
import { once } from "node:events";
import { connect, createServer } from "node:net";

export async function swallowingProxy(port) {
  const flows = new Set();
  let opened = 0;
  const proxy = createServer((near) => {
    const flow = { near, far: connect(port, "127.0.0.1"), swallowed: false };
    const { far } = flow;
    flows.add(flow);
    opened++;
    near.on("data", (chunk) => far.write(chunk));
    far.on("data", (chunk) => flow.swallowed || near.write(chunk));
    for (const socket of [near, far]) socket.on("error", () => {});
    near.on("close", () => {
      flows.delete(flow);
      far.destroy();
    });
    far.on("close", () => flow.swallowed || near.destroy());
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return {
    port: proxy.address().port,
    get opened() {
      return opened;
    },
    swallow() {
      for (const flow of flows) flow.swallowed = true;
    },
    close() {
      for (const { near } of flows) near.destroy();
      proxy.close();
    },
  };
}
