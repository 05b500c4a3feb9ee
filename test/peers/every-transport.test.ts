import { afterAll, beforeAll, expect, it } from "vitest";
import type { Session } from "../../src/contract/session.js";
import { lives, rejection, textOf, until } from "../support/fixtures.js";
import { describeWith } from "../support/peers.js";
import { ASKED } from "./dialects.js";
import { type Peer, type Row, rows } from "./rows.js";

const options = {
  roots: ["/tmp/roots-canary"],
  sampling: () => "sampling-canary",
  // FastMCP of Python wraps what is no object under the name `value`.
  elicitation: () => ({ name: "elicitation-canary", value: "elicitation-canary" }),
};

/** Every behaviour on one transport, in one life of it: the columns of the table. */
function behaviours({ dialect, era, open }: Row): void {
  let peer: Peer;
  let session: Session;
  const status = () => peer.transport.status;
  const echo = async (on = session) => textOf(await on.callTool(dialect.echo("hello"), { timeout: 20_000 }));

  beforeAll(async () => {
    peer = await open();
  }, 600_000);
  afterAll(async () => {
    await peer?.transport.close();
    await peer?.stop?.();
  });

  it("connect", async () => {
    session = await peer.transport.connectSession(options);
    expect(status()).toMatchObject({ state: "connected", era, epoch: 1, leases: 1 });
  }, 600_000);

  it("list", async () => {
    const { tools } = await session.listTools();
    expect(tools.map((tool) => tool.name)).toEqual(expect.arrayContaining(["echo", dialect.count.name]));
  });

  it("call", async () => {
    expect(await echo()).toBe("Echo: hello");
  });

  it("progress", async () => {
    const seen: number[] = [];
    await session.callTool(dialect.count, { onprogress: ({ progress }) => seen.push(progress) });
    expect(seen).toEqual([1, 2, 3]);
  });

  it("a 4 MB result", async () => {
    const message = "x".repeat(4_000_000);
    expect(textOf(await session.callTool(dialect.echo(message)))).toHaveLength(
      "Echo: ".length + message.length,
    );
  });

  for (const kind of ASKED) {
    const call = dialect.ask[kind];
    if (!call) it.skip(`the server asks for ${kind} (this server has no way to)`, () => {});
    else
      it(`the server asks for ${kind}`, async () => {
        const result = await session.callTool(call);
        expect(JSON.stringify(result.content)).toContain(`${kind}-canary`);
      });
  }

  it("cancel", async () => {
    const abort = new AbortController();
    const call = rejection(session.callTool(dialect.slow, { signal: abort.signal }));
    await until(() => status().inFlight > 0);
    abort.abort(new Error("changed my mind"));
    expect(await call).toMatchObject({ message: "changed my mind" });
    expect(await echo()).toBe("Echo: hello");
  });

  it("timeout", async () => {
    expect(await rejection(session.callTool(dialect.slow, { timeout: 150 }))).toMatchObject({
      code: "REQUEST_TIMEOUT",
    });
    expect(await echo()).toBe("Echo: hello");
  });

  it("the server killed and reached again", async () => {
    const { epoch, pid } = status();
    // Some of the tools say that they only read, and would be sent again.
    const lost = rejection(session.callTool(dialect.slow, { replay: "never" }));
    await until(() => status().inFlight > 0);
    await peer.kill();
    expect(await lost).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
    await until(() => status().epoch > epoch && status().state === "connected");
    expect(await echo()).toBe("Echo: hello");
    if (pid !== undefined) expect(status().pid).not.toBe(pid);
  });

  it("scope ended", async () => {
    const { pid } = status();
    await session.close();
    expect(await rejection(echo())).toMatchObject({ code: "SESSION_CLOSED" });
    // A process is kept for the next session; what is remote is let go.
    if (pid === undefined) await peer.transport.waitFor("idle");
    await peer.transport.withSession(async (next) => {
      expect(await echo(next)).toBe("Echo: hello");
      expect(status().pid).toBe(pid);
    });
  });

  it("close", async () => {
    const last = await peer.transport.connectSession();
    const { pid } = status();
    await peer.transport.close();
    expect(status().state).toBe("closed");
    expect(await rejection(echo(last))).toMatchObject({ code: "SESSION_CLOSED" });
    if (pid !== undefined) expect(lives(pid)).toBe(false);
  });
}

for (const row of rows) {
  describeWith(row.needs ?? [], `${row.name}, ${row.era}`, () => behaviours(row));
}
