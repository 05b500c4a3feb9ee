// Clients of the SDKs as programs have them, each with a mark that every answer, question and progress must carry.
import { setTimeout as pause } from "node:timers/promises";
import { Client as Client2, StreamableHTTPClientTransport as Http2 } from "@modelcontextprotocol/client";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as Http1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";

/** Longer than anything that serve waits for: a call that takes so long has no answer. */
export const CALL_MS = 60_000;

/** Each server has as many. */
const TOOLS = 3;
/** The SDK's own words for its rounds of questions hold none. */
const MARK = /^\d+-\d+\/\d+$/;

const MAKE = {
  "SDK 1": (info, options) => new Client1(info, options),
  "SDK 2, legacy": (info, options) =>
    new Client2(info, { ...options, versionNegotiation: { mode: "legacy" } }),
  "SDK 2, modern": (info, options) => new Client2(info, { ...options, versionNegotiation: { mode: "auto" } }),
};

/** One client's way through the soak: it calls, gives up, leaves and comes back. `servers`: behind its address there are many. `breach` hears what must not be. */
export class MarkedClient {
  #client;
  #wire;
  #calls = 0;
  #running = new Set();

  constructor(name, { kind, url, servers, asks = false }, breach) {
    Object.assign(this, { name, kind, url, servers, asks, breach });
  }

  async open() {
    const capabilities = this.asks ? { elicitation: {} } : {};
    this.#client = MAKE[this.kind]({ name: this.name, version: "1" }, { capabilities });
    if (this.asks)
      this.#client.setRequestHandler(
        this.kind === "SDK 1" ? ElicitRequestSchema : "elicitation/create",
        ({ params }) => this.#answer(params.message),
      );
    this.#wire = new (this.kind === "SDK 1" ? Http1 : Http2)(new URL(this.url));
    await this.#client.connect(this.#wire, { timeout: CALL_MS });
    // As every program does, and so it is known which tools may be repeated. A slow server is not in the first list of all.
    while (!(await this.#seesAll())) await pause(1_000);
  }

  async #seesAll() {
    const { tools } = await this.#client.listTools(undefined, { timeout: CALL_MS });
    return tools.length >= TOOLS * (this.servers?.length ?? 1);
  }

  /** Says that it is done, or is simply gone. */
  async leave(politely) {
    if (politely && this.kind !== "SDK 2, modern") await this.#wire.terminateSession();
    await this.#client.close();
  }

  /** One call of a tool, by whose name it is known whether it may be repeated. */
  async call(tool, server, signal) {
    const mark = `${this.name}/${this.#calls++}`;
    const args = tool === "look" ? { mark, ms: 100 } : { mark };
    const options = {
      timeout: CALL_MS,
      ...(signal && { signal }),
      onprogress: ({ message }) => {
        if (MARK.test(message) && message !== mark) this.breach(`${mark} heard the progress of ${message}`);
      },
    };
    const request = { name: this.servers ? `${server}_${tool}` : tool, arguments: args };
    this.#running.add(mark);
    try {
      const { content, isError } = await (this.kind === "SDK 1"
        ? this.#client.callTool(request, undefined, options)
        : this.#client.callTool(request, options));
      if (isError || content[0]?.text !== mark)
        this.breach(`${mark} was answered ${JSON.stringify(content)}`);
    } finally {
      this.#running.delete(mark);
    }
  }

  #answer(mark) {
    if (!this.#running.has(mark)) this.breach(`${this.name} was asked in place of ${mark}`);
    return { action: "accept", content: { mark } };
  }
}
