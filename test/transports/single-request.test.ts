import dns from "node:dns";
import { expect, it, onTestFinished, vi } from "vitest";
import { FORBIDDEN_ADDRESS } from "../../src/base/this-machine.js";
import { singleRequest } from "../../src/transports/single-request.js";
import { listener } from "../support/listener.js";

const from = (server: string, address: string) =>
  singleRequest(
    { url: new URL(server), fetch: undefined, tls: undefined, proxy: false, connectTimeoutMs: 60_000 },
    [address],
  );

/** A server of this machine, and a name that leads to it. */
async function inside() {
  const { origin, asked } = await listener((_request, response) => void response.end("inside"));
  const spy = vi.spyOn(dns, "lookup").mockImplementation(((
    _name: string,
    options: { all?: boolean },
    done: (error: null, found: unknown, family?: number) => void,
  ) => {
    if (options.all) done(null, [{ address: "127.0.0.1", family: 4 }]);
    else done(null, "127.0.0.1", 4);
  }) as never);
  onTestFinished(() => spy.mockRestore());
  return { address: origin.replace("127.0.0.1", "inner.test"), asked };
}

it("a name of a sign-in that leads to this machine is not asked for a server that is elsewhere", async () => {
  const { address, asked } = await inside();
  await expect(from("https://192.0.2.1/mcp", address)).rejects.toMatchObject({
    cause: { code: FORBIDDEN_ADDRESS },
  });
  expect(asked).toEqual([]);
});

it.each(["http://127.0.0.1/mcp", "https://inner.test/mcp", "https://other.test/mcp"])(
  "it is for the one at %s, which is here itself",
  async (server) => {
    const { address } = await inside();
    expect(await (await from(server, address)).text()).toBe("inside");
  },
);
