import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import type { EraOption } from "../../src/contract/options.js";
import { StreamableHttpTransport } from "../../src/transports/http.js";
import type { ClientTransport } from "../../src/transports/transport.js";
import { answerOf, legacyAnswer, NAMES } from "../fixtures/era-ways.mjs";
import { closing, rejection, stdioFixture } from "../support/fixtures.js";

/** The question for the era may take a third of it. */
const CONNECT_MS = 6_000;
/** A modern handshake with a server that says nothing waits all of it. */
const deadlineOf = (era: EraOption) => (era === "modern" ? 1_500 : CONNECT_MS);
const WHY = "closed on sundays";

interface Reached {
  transport: ClientTransport;
  /** The methods that the server was asked, and each start of a process or socket. */
  did(): string[];
}

function overStdio(way: string, era: EraOption, refuses?: string): Reached {
  const { transport, did } = stdioFixture({
    server: "era-server.mjs",
    era: era as "auto",
    connectTimeoutMs: deadlineOf(era),
    closeTimeoutMs: 1_000,
    env: { WAY: way, ...(refuses !== undefined && { REFUSES: Buffer.from(refuses).toString("hex") }) },
  });
  return { transport, did };
}

/** On HTTP one socket takes the part of the process: what hangs or ends, hangs or ends for that socket. */
async function overHttp(way: string, era: EraOption, refuses?: string): Promise<Reached> {
  const did: string[] = [];
  const spoiled = new Set<Socket>();
  const http = createServer(async (request, response) => {
    if (spoiled.has(request.socket)) return;
    if (request.method !== "POST") return void response.writeHead(405).end();
    const message = JSON.parse(await text(request));
    did.push(message.method);
    if (message.method === "server/discover") return discovered(answerOf(way, message.id), response, spoiled);
    const answer = legacyAnswer(message, refuses);
    if (!answer) return void response.writeHead(202).end();
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`;
  const options = { url, era, name: "fixture", connectTimeoutMs: deadlineOf(era), closeTimeoutMs: 1_000 };
  return { transport: closing(new StreamableHttpTransport(options)), did: () => did };
}

function discovered(
  { says, raw, next, status = 200 }: ReturnType<typeof answerOf>,
  response: ServerResponse,
  spoiled: Set<Socket>,
): void {
  const { socket } = response.req;
  if (next === "hang") spoiled.add(socket);
  if (next === "exit" && !says) return void socket.destroy();
  // A request that nothing answers: the connection stands open.
  if (!says && raw === undefined) return;
  response.writeHead(status, { "content-type": "application/json" }).end(raw ?? JSON.stringify(says));
  if (next === "exit") response.once("finish", () => socket.destroySoon());
}

const KINDS = [
  ["stdio", overStdio],
  ["HTTP", overHttp],
] as const;

for (const [kind, reach] of KINDS) {
  describe(`a legacy server over ${kind} that, asked for its era,`, () => {
    it.each(NAMES)("%s, is reached in one attempt", async (way) => {
      const { transport, did } = await reach(way, "auto");
      await transport.withSession((session) => session.ping());
      expect(transport.status.epoch).toBe(1);
      // Once, and for no longer than the question may take: the legacy handshake followed on it.
      expect(did().filter((method) => method === "server/discover")).toHaveLength(1);
      // And never again: the next attempt knows.
      await transport.disconnect();
      await transport.withSession((session) => session.ping());
      expect(did().filter((method) => method === "server/discover")).toHaveLength(1);
    });

    it.each(NAMES)("%s, and refuses initialize, says why it did that", async (way) => {
      for (const era of ["auto", "legacy"] as const) {
        const { transport } = await reach(way, era, WHY);
        const error = await rejection(transport.connectSession());
        expect(error).toMatchObject({ code: "CONNECT_FAILED", message: expect.stringContaining(WHY) });
        expect(transport.status.epoch).toBe(1);
      }
    });

    it.each(NAMES)("%s, is reached by legacy, and not by modern", async (way) => {
      const { transport, did } = await reach(way, "legacy");
      await transport.withSession((session) => session.ping());
      expect(did()).not.toContain("server/discover");
      const { transport: modern, did: asked } = await reach(way, "modern");
      const error = await rejection(modern.connectSession());
      expect(error).toMatchObject({ message: expect.stringMatching(/^fixture: \S/) });
      expect(asked()).not.toContain("initialize");
    });
  });
}
