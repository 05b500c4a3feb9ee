import { describe, expect, it, onTestFinished } from "vitest";
import { oauth } from "../../../src/auth/credentials/source.js";
import { StreamableHttpTransport } from "../../../src/transports/http.js";
import { listener } from "../../support/listener.js";
import { failureOf, withPerson } from "../../support/person.js";

const echo = { name: "echo", arguments: { message: "hi" } };

describe("a token", () => {
  it("does not follow a redirect to another origin", async () => {
    const { server, store, transport, asked } = await withPerson();
    await transport.withSession((session) => session.callTool(echo));
    const [{ tokens } = {}] = await store.list(server.url);
    const other = await listener((_request, response) => void response.writeHead(200).end("{}"));
    // What the server's own requests come through; the token is for its URL.
    const front = await listener(
      (_request, response) => void response.writeHead(307, { location: `${other.origin}/mcp` }).end(),
    );
    const url = `${front.origin}/mcp`;
    await store.update(url, ({ save }) =>
      save([
        { server: url, issuer: "x", client: "registered:holdfast", tokens: tokens!, savedAt: Date.now() },
      ]),
    );
    const redirected = new StreamableHttpTransport({ name: "front", url, auth: oauth({ store }) });
    onTestFinished(() => redirected.close());
    await failureOf(redirected.connectSession());
    expect(front.asked.map(({ authorization }) => authorization)).toContain(`Bearer ${tokens!.access_token}`);
    expect(JSON.stringify(other.asked)).not.toContain(tokens!.access_token);
    expect(other.asked.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
    expect(asked).toHaveLength(1);
  });

  it("given as it is neither", async () => {
    const other = await listener((_request, response) => void response.writeHead(200).end("{}"));
    const front = await listener(
      (_request, response) => void response.writeHead(307, { location: `${other.origin}/mcp` }).end(),
    );
    const transport = new StreamableHttpTransport({
      name: "front",
      url: `${front.origin}/mcp`,
      auth: "canary-token",
    });
    onTestFinished(() => transport.close());
    await failureOf(transport.connectSession());
    expect(front.asked[0]!.authorization).toBe("Bearer canary-token");
    expect(other.asked.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  });
});
