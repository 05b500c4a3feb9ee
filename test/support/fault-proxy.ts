import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A proxy between a client and a real server, in bytes: what passes can be cut, held back or slowed down. */
export async function faultProxy(target: number) {
  const pairs = new Set<{ near: Socket; far: Socket }>();
  const control = { stalled: false, refusing: false, chunkMs: 0 };
  const server = createServer({ allowHalfOpen: false }, (near) => {
    if (control.refusing) return void near.resetAndDestroy();
    const far = connect(target, "127.0.0.1");
    const pair = { near, far };
    pairs.add(pair);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("error", () => to.destroy());
      from.on("close", () => {
        pairs.delete(pair);
        to.destroy();
      });
      from.on("data", (chunk: Buffer) => {
        if (control.stalled) return;
        if (control.chunkMs === 0 || from === near) return void to.write(chunk);
        // A slow answer: a piece at a time, in order.
        from.pause();
        const pieces = [chunk.subarray(0, chunk.length >> 1), chunk.subarray(chunk.length >> 1)];
        const next = () => {
          const piece = pieces.shift();
          if (!piece || to.destroyed) return void from.resume();
          to.write(piece);
          setTimeout(next, control.chunkMs);
        };
        next();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => {
    for (const { near, far } of pairs) {
      near.resetAndDestroy();
      far.destroy();
    }
  };
  const stop = () => {
    cut();
    server.close();
  };
  onTestFinished(stop);
  return { port: (server.address() as AddressInfo).port, control, cut, stop };
}
