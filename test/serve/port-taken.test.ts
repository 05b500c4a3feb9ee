import { once } from "node:events";
import { createServer } from "node:http";
import { expect, it, onTestFinished } from "vitest";
import { listeningPort } from "../../src/base/listening-port.js";
import { MemoryTransport } from "../../src/index.js";
import { serve } from "../../src/serve/index.js";

it("a port that is taken rejects the start, says what to do, and ends no program", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void holder.close());
  await once(holder, "listening");
  const port = listeningPort(holder);
  const transport = new MemoryTransport({ server: () => Promise.reject(new Error("nobody asks")) });
  onTestFinished(() => transport.close());
  // A rejection that nobody handles would fail the run.
  await expect(serve(transport, { http: { port } })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: `option "port": ${port} on 127.0.0.1 is taken: end the program that has it, or choose another`,
  });
});
