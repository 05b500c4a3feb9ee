import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it, onTestFinished } from "vitest";
import { VERSION } from "../../src/base/version.js";
import { Daemon } from "../../src/daemon/daemon.js";
import { greet } from "../../src/daemon/greet.js";
import { PROTOCOL } from "../../src/daemon/hello.js";
import { placeOf } from "../../src/daemon/place.js";
import { MemoryTransport } from "../../src/index.js";
import { makeServer } from "../fixtures/sdk-1.mjs";
import { stopTime } from "../support/fake-timers.js";
import { closing, until } from "../support/fixtures.js";
import { temporary } from "../support/temporary.js";

interface Line {
  id?: number;
  result?: object;
  error?: { message: string };
  holdfast?: object;
}

/** A daemon of one legacy server, and clients that speak to it as shims do. */
async function daemonHere() {
  const directory = temporary();
  const place = placeOf("0123456789abcdef", directory, directory);
  const config = join(directory, "mcp.json");
  writeFileSync(config, "{}");
  mkdirSync(dirname(place.log));
  const transport = closing(new MemoryTransport({ server: makeServer, era: "legacy", name: "one" }));
  const daemon = await Daemon.start(transport, { place, config, idleMs: 600_000 });
  const ends: (() => void)[] = [];
  onTestFinished(async () => {
    for (const end of ends) end();
    await daemon!.stop("rest");
  });
  return async (capabilities: object) => {
    const hello = { protocol: PROTOCOL, version: VERSION, ask: "session", pid: process.pid } as const;
    const { socket } = (await greet(place.socket, hello))!;
    const end = () => void socket.destroy();
    ends.push(end);
    const lines: Line[] = [];
    createInterface({ input: socket }).on("line", (line) => lines.push(JSON.parse(line) as Line));
    let next = 0;
    const request = async (method: string, params: object = {}): Promise<Line> => {
      const id = next++;
      socket.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
      await until(() => lines.some((line) => line.id === id));
      return lines.find((line) => line.id === id)!;
    };
    const clientInfo = { name: "host", version: "1" };
    const begun = await request("initialize", { protocolVersion: "2025-06-18", capabilities, clientInfo });
    return { begun, end, request, lines };
  };
}

const ASKED = { elicitation: {} };
const MINUTE = 60_000;

describe("clients that can be asked have servers of their own", () => {
  it("32 of them; one too many is told so, and is let in when another has gone", async () => {
    const client = await daemonHere();
    const all = [];
    for (let n = 0; n < 32; n++) all.push(await client(ASKED));
    for (const { begun } of all) expect(begun.error).toBeUndefined();
    const refused = /^32 clients that can be asked have servers of their own already: /;
    expect((await client(ASKED)).begun.error?.message).toMatch(refused);
    expect((await client({})).begun.error).toBeUndefined();
    all[0]!.end();
    await until(async () => (await client(ASKED)).begun.error === undefined);
  });

  it("for half an hour without a word: then the shim is to come back with the next one", async () => {
    const pass = stopTime();
    const client = await daemonHere();
    const [asked, other] = [await client(ASKED), await client({})];
    const left = async ({ request, lines }: typeof asked) => {
      // What was said before it has come before it.
      await request("ping");
      return lines.some(({ holdfast }) => holdfast !== undefined);
    };
    await pass(29 * MINUTE);
    expect(await left(asked)).toBe(false);
    await pass(29 * MINUTE);
    expect(await left(asked)).toBe(false);
    await pass(32 * MINUTE);
    expect(await left(asked)).toBe(true);
    expect(asked.lines.at(-2)).toEqual({ holdfast: { leave: "rest" } });
    expect(await left(other)).toBe(false);
  });
});
