import { once } from "node:events";
import { expect, it, vi } from "vitest";
import { heardAtItsRate, rule } from "../support/flood.js";
import { until } from "../support/settling.js";
import { says, shell } from "../support/stdio-wire.js";
import { wsOpen } from "../support/ws-server.js";

const FLOOD = `yes '{"jsonrpc":"2.0","method":"notifications/x"}'`;

it("a process that floods is read at the rate that it may have, so that its pipe is full and it waits", async () => {
  const { wire, heard } = shell(FLOOD);
  await heardAtItsRate({ wire, heard }, () => wire.start());
});

it("a flood on stderr counts, and what its server says meanwhile is heard all the same", async () => {
  const { wire, heard } = shell(`yes >&2 & sleep 0.1; ${says("hello")}; wait`);
  const unasked = rule(200);
  wire.unasked = unasked;
  await wire.start();
  await until(() => unasked.onFlood.mock.calls.length > 1 && heard.length === 1);
});

it("of a line over the limit what is thrown away counts: one without an end leaves the pipe full, and its server waits", async () => {
  const { wire } = shell("yes | tr -d '\\n'");
  const unasked = rule(200);
  wire.unasked = unasked;
  await wire.start();
  await until(() => unasked.onFlood.mock.calls.length > 3);
});

it("what a server said last is read to its end, in its order, though it is more than it may send", async () => {
  const { wire, heard, closed } = shell(
    `i=0; while [ $i -lt 400 ]; do ${says("notifications/$i")}; i=$((i+1)); done`,
  );
  wire.unasked = rule(20);
  await wire.start();
  await closed;
  expect(heard.map(({ method }) => method)).toEqual(
    Array.from({ length: 400 }, (_, i) => `notifications/${i}`),
  );
});

it("a wire is closed in the middle of a flood", async () => {
  const { wire, closed } = shell(FLOOD);
  const unasked = rule(20);
  wire.unasked = unasked;
  await wire.start();
  await until(() => unasked.onFlood.mock.calls.length > 0);
  await wire.close();
  await closed;
});

it("a flood over a WebSocket is read at the rate that it may have, and what comes behind it is heard", async () => {
  const { wire, socket, heard } = await wsOpen();
  // Half a message at once: the first one is a flood.
  const unasked = rule(1);
  wire.unasked = unasked;
  const notice = (i: number) => ({ jsonrpc: "2.0", method: `notifications/${i}` });
  const sent = Array.from({ length: 3 }, (_, i) => notice(i));
  for (const one of sent) socket.send(JSON.stringify(one));
  await until(() => heard.length === 3);
  expect(heard).toEqual(sent);
  expect(unasked.onFlood).toHaveBeenCalled();
});

it("a message over a WebSocket that has begun counts as what is being received, and with no room for more the connection ends", async () => {
  const { wire, socket } = await wsOpen({ maxMessageBytes: 1_000_000 });
  const onFull = vi.fn();
  wire.unasked = { ...rule(2_000), maxReceivingBytes: 1_000, onFull };
  const closed = new Promise<void>((resolve) => {
    wire.onclose = resolve;
  });
  for (let i = 0; i < 4; i++) socket.send("x".repeat(300), { fin: false });
  await closed;
  expect(onFull).toHaveBeenCalledWith(1_000);
  expect(wire.failure?.message).toContain("raise maxReceivingBytes");
});

it("pings, and messages that have ended, are not what is being received", async () => {
  const { wire, socket, heard } = await wsOpen({ maxMessageBytes: 1_000_000 });
  const onFull = vi.fn();
  wire.unasked = { ...rule(2_000), maxReceivingBytes: 1_000, onFull };
  // The first half of each waits until the client has seen it, as its answer to a ping behind it says.
  for (let i = 0; i < 8; i++) {
    const text = JSON.stringify({
      jsonrpc: "2.0",
      method: `notifications/${i}`,
      params: { x: "x".repeat(300) },
    });
    socket.send(text.slice(0, 200), { fin: false });
    for (let ping = 0; ping < 8; ping++) {
      const pong = once(socket, "pong");
      socket.ping("x".repeat(125));
      await pong;
    }
    socket.send(text.slice(200));
  }
  await until(() => heard.length === 8);
  expect(onFull).not.toHaveBeenCalled();
});

it("what a server sent over a WebSocket before it closed it is heard to its end, though it is more than it may send", async () => {
  const { wire, socket, heard } = await wsOpen();
  const closed = new Promise<void>((resolve) => {
    wire.onclose = resolve;
  });
  wire.unasked = rule(2_000);
  for (let i = 0; i < 1_200; i++) socket.send(JSON.stringify({ jsonrpc: "2.0", method: "notifications/x" }));
  socket.close();
  await closed;
  expect(heard).toHaveLength(1_200);
});
