import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

interface Flow {
  near: Socket;
  far: Socket;
  swallowed: boolean;
}

/**
 * Stands between a client and a server, as a middlebox does that forgets flows: what the server sends on these is
 * swallowed, without a word to anybody, while what the client sends passes, and so do new flows.
 */
export async function blackHole(url: string) {
  const target = new URL(url);
  const flows = new Set<Flow>();
  let opened = 0;
  const proxy = createServer((near) => {
    const flow: Flow = { near, far: connect(Number(target.port), target.hostname), swallowed: false };
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
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  onTestFinished(() => {
    for (const { near } of flows) near.destroy();
    proxy.close();
  });
  const passed = new URL(url);
  passed.port = String((proxy.address() as AddressInfo).port);
  return {
    url: passed.href,
    /** How many flows there were so far. */
    get opened() {
      return opened;
    },
    /** The flows that are open now are forgotten. */
    swallow() {
      for (const flow of flows) flow.swallowed = true;
    },
  };
}
