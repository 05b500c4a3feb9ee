// The floor: the least that a client of the protocol can do. It writes a request, and finds its answer by the id. No checks, no
// timers, no cancelling, no recovery; what a client costs above it is what it does for its user, or waste.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Agent } from "undici";
import { WebSocket } from "ws";
import { lines } from "./smallest-server.mjs";

const TOOL_ACCEPT = "application/json, text/event-stream";

/** A client that hands what it writes to `write`. What is received is given to `take`. */
function floorClient(write) {
  let last = 0;
  const waiting = new Map();
  const request = (method, params) =>
    new Promise((resolve) => {
      waiting.set(++last, resolve);
      write({ jsonrpc: "2.0", id: last, method, params });
    });
  return {
    take({ id, result }) {
      waiting.get(id)?.(result);
      waiting.delete(id);
    },
    client: { callTool: (params) => request("tools/call", params) },
    async hello() {
      const clientInfo = { name: "floor", version: "1" };
      await request("initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo });
      write({ jsonrpc: "2.0", method: "notifications/initialized" });
    },
  };
}

/** Takes the messages of a body that is JSON, or a stream of events. */
function bodyReader(take) {
  let text = "";
  return {
    events(chunk) {
      text += chunk;
      for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
        const data = /^data: (.*)$/m.exec(text.slice(0, end));
        text = text.slice(end + 2);
        if (data) take(data[1]);
      }
    },
    json(chunk) {
      text += chunk;
    },
    end: () => text.trim() && take(text),
  };
}

function exchange(agent, url, { method = "POST", body, session, take, onHeaders }) {
  const reader = bodyReader(take ?? (() => {}));
  let read = reader.json;
  const headers = { "content-type": "application/json", accept: TOOL_ACCEPT };
  if (session) headers["mcp-session-id"] = session;
  agent.dispatch(
    { origin: url.origin, path: url.pathname + url.search, method, headers, body },
    {
      onRequestStart() {},
      onResponseStart(_controller, _status, received) {
        if (received["content-type"]?.startsWith("text/event-stream")) read = reader.events;
        onHeaders?.(received);
      },
      onResponseData: (_controller, chunk) => read(chunk.toString()),
      onResponseEnd: () => reader.end(),
      onResponseError() {},
    },
  );
}

const opened = async (floor, close) => {
  await floor.hello();
  return { client: floor.client, close };
};

export const floors = {
  async memory(server) {
    let near;
    const transport = {
      start: async () => {},
      send: async (message) => queueMicrotask(() => near.take(message)),
    };
    await server.connect(transport);
    near = floorClient((message) => queueMicrotask(() => transport.onmessage(message)));
    return opened(near, async () => {});
  },
  async stdio({ command, args }) {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    const floor = floorClient((message) => child.stdin.write(`${JSON.stringify(message)}\n`));
    lines(child.stdout, (line) => floor.take(JSON.parse(line)));
    return opened(floor, async () => {
      child.stdin.end();
      await once(child, "exit");
    });
  },
  async http(address) {
    const [url, agent] = [new URL(address), new Agent()];
    let session;
    const take = (text) => floor.take(JSON.parse(text));
    const onHeaders = (headers) => {
      session = headers["mcp-session-id"] ?? session;
    };
    const floor = floorClient((message) =>
      exchange(agent, url, { body: JSON.stringify(message), session, take, onHeaders }),
    );
    return opened(floor, () => agent.destroy());
  },
  async sse(address) {
    const [url, agent] = [new URL(address), new Agent({ bodyTimeout: 0 })];
    let found;
    const endpoint = new Promise((resolve) => {
      found = resolve;
    });
    const take = (data) => (data.startsWith("/") ? found(new URL(data, url)) : floor.take(JSON.parse(data)));
    exchange(agent, url, { method: "GET", take });
    const to = await endpoint;
    const floor = floorClient((message) => exchange(agent, to, { body: JSON.stringify(message) }));
    return opened(floor, () => agent.destroy());
  },
  async ws(url) {
    const socket = new WebSocket(url, "mcp", { perMessageDeflate: false });
    await once(socket, "open");
    const floor = floorClient((message) => socket.send(JSON.stringify(message)));
    socket.on("message", (data) => floor.take(JSON.parse(data.toString())));
    return opened(floor, async () => socket.terminate());
  },
};
