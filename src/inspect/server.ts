import { randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { messageOf } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import { listenOn } from "../base/listening-port.js";
import type { InspectionEvent } from "../contract/inspection.js";
import type { Scraped } from "../metrics/scraped.js";
import { type Recorder, toRecording } from "./recorder.js";

const TYPES: Record<string, string> = { html: "text/html", css: "text/css", js: "text/javascript" };
const FILES = [
  ...["index.html", "style.css", "app.js", "model.js", "row.js", "chart.js", "timeline.js"],
  ...["detail.js", "offers.js", "spark.js"],
];
const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};
/** Events within this time are sent in one message. */
const BATCH_MS = 50;
/** How often the page gets a sign of life. */
const BEAT_MS = 2_500;
/** A page that does not read is disconnected beyond this many bytes. It reconnects by itself, and gets everything anew. */
const MAX_BUFFERED = 4 * 1024 * 1024;
const MAX_COMMAND = 100_000;
/** What the page asks the program for, besides files. */
const ASKED = ["command", "offers", "call"];

export interface PageServerOptions {
  recorder: Recorder;
  port: number;
  /** Runs a button of the page. What it throws is shown there. Undefined: the page has no buttons. */
  command?: ((id: string, action: string) => void) | undefined;
  /** Answers `GET /metrics`. Undefined: there is nothing live to count. */
  scraped?: Scraped | undefined;
  /** Whether the page has the button that stops a process. */
  allowStop?: boolean;
  /** How each server is now, by the id of its events. */
  explained?: () => Record<string, Explained>;
  /** What a server offers. Undefined: the page does not ask. */
  offers?: (id: string) => Promise<unknown>;
  /** Calls a tool. Undefined: the page does not. */
  call?: (id: string, tool: string, args: unknown) => Promise<unknown>;
  /** The name of the recording, if the page shows one. */
  recording?: string | undefined;
}

/** What `explain()` says of a server, and whether it is started by its first call. */
export interface Explained {
  health: string;
  advice: string;
  lazy: string;
}

/** Serves the page and its stream of events, on this machine only: on 127.0.0.1, behind a random token. */
export class PageServer {
  readonly #token = randomBytes(18).toString("base64url");
  readonly #server: Server;
  readonly #pages = new Set<ServerResponse>();
  /** The address of the page with its token. Whoever has it can see the page and press its buttons. */
  url = "";
  #hosts: string[] = [];

  private constructor(private readonly options: PageServerOptions) {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        if (!response.headersSent) response.writeHead(500, HEADERS);
        response.end(String(error));
      });
    });
    // An open page must not keep the program alive.
    this.#server.on("connection", (socket) => socket.unref());
    this.#server.unref();
  }

  static async start(options: PageServerOptions): Promise<PageServer> {
    const page = new PageServer(options);
    const port = await listenOn(page.#server, options.port, "127.0.0.1");
    page.url = `http://127.0.0.1:${port}/${page.#token}/`;
    const names = ["127.0.0.1", "localhost"];
    // A browser leaves port 80 out of the Host header.
    page.#hosts = [...names.map((name) => `${name}:${port}`), ...(port === 80 ? names : [])];
    return page;
  }

  /** How many pages are open. */
  get pages(): number {
    return this.#pages.size;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const page of this.#pages) page.end();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refuse = (status: number, text: string): void => {
      response.writeHead(status, { ...HEADERS, "content-type": "text/plain" }).end(text);
    };
    const { host, origin } = request.headers;
    // Refuses foreign host names that resolve to this machine (DNS rebinding), and pages of other origins.
    const own = this.#hosts;
    if (!own.includes(host ?? "")) return refuse(403, "wrong host");
    if (origin !== undefined && !own.some((name) => origin === `http://${name}`))
      return refuse(403, "wrong origin");
    const [path = ""] = (request.url ?? "").split("?");
    const [, token = "", file = "", ...more] = path.split("/");
    if (more.length > 0 || !same(token, this.#token))
      return refuse(403, "wrong token: use the whole address that was printed");
    if (request.method === "POST" && ASKED.includes(file))
      return this.#asked(file, request, response, refuse);
    if (request.method !== "GET") return refuse(405, "only GET");
    if (file === "events") return this.#stream(response);
    if (file === "metrics" && this.options.scraped) {
      const { status, contentType, text } = await this.options.scraped.scrape();
      response.writeHead(status, { ...HEADERS, "content-type": contentType }).end(text);
      return;
    }
    if (file === "recording.jsonl") {
      response.writeHead(200, { ...HEADERS, "content-type": "application/jsonl" });
      response.end(toRecording(this.options.recorder.events()));
      return;
    }
    const name = file || "index.html";
    if (!FILES.includes(name)) return refuse(404, "no such page");
    const type = TYPES[name.split(".").at(-1)!]!;
    response.writeHead(200, { ...HEADERS, "content-type": `${type}; charset=utf-8` });
    response.end(readFileSync(new URL(`./page/${name}`, import.meta.url)));
  }

  /** A button was pressed, or a form was sent. */
  async #asked(
    what: string,
    request: IncomingMessage,
    response: ServerResponse,
    refuse: (status: number, text: string) => void,
  ): Promise<void> {
    const { command, offers, call } = this.options;
    const allowed = { command, offers, call }[what];
    if (!allowed) return refuse(403, what === "call" ? "calls are turned off" : "the buttons are turned off");
    // A foreign page cannot send JSON without a preflight request, which is refused.
    if (request.headers["content-type"] !== "application/json") return refuse(415, "only JSON");
    let body = "";
    for await (const chunk of request) {
      body += chunk;
      if (body.length > MAX_COMMAND) return refuse(413, "too long");
    }
    try {
      const { id, action, tool, arguments: args } = fieldsOf(JSON.parse(body));
      if (what === "command") command?.(String(id), String(action));
      const answer =
        what === "offers" ? await offers?.(String(id)) : await call?.(String(id), String(tool), args);
      if (what === "command") response.writeHead(204, HEADERS).end();
      else
        response
          .writeHead(200, { ...HEADERS, "content-type": "application/json" })
          .end(JSON.stringify(answer));
    } catch (error) {
      refuse(400, messageOf(error));
    }
  }

  #stream(response: ServerResponse): void {
    const { recorder, command, recording } = this.options;
    response.writeHead(200, { ...HEADERS, "content-type": "text/event-stream" });
    const say = (event: string, data: unknown) =>
      response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    response.write("retry: 1000\n");
    const { allowStop = false, offers, call, explained } = this.options;
    const may = {
      controls: command !== undefined,
      stop: allowStop,
      offers: Boolean(offers),
      calls: Boolean(call),
    };
    say("hello", { ...may, recording: recording ?? false, now: Date.now() });
    say("batch", recorder.events());
    const told = new Map<string, string>();
    /** Only what is not as it was told last. */
    const explain = () => {
      const news = Object.entries(explained?.() ?? {}).filter(([id, said]) => {
        const text = JSON.stringify(said);
        const isNew = told.get(id) !== text;
        told.set(id, text);
        return isNew;
      });
      if (news.length > 0) say("explained", Object.fromEntries(news));
    };
    explain();
    // The first batch is large and may take a while. Only what is buffered on top of it counts as not read.
    let allowance = response.writableLength;
    response.on("drain", () => {
      allowance = 0;
    });
    let waiting: InspectionEvent[] = [];
    let timer: NodeJS.Timeout | undefined;
    const flush = () => {
      timer = undefined;
      const events = waiting;
      waiting = [];
      say("batch", events);
      explain();
      if (response.writableLength > MAX_BUFFERED + allowance) response.destroy();
    };
    const stop = recorder.onEvent((event) => {
      waiting.push(event);
      timer ??= setTimeout(flush, BATCH_MS).unref();
    });
    const beat = setInterval(() => {
      say("beat", {});
      explain();
    }, BEAT_MS).unref();
    this.#pages.add(response);
    response.on("close", () => {
      this.#pages.delete(response);
      clearInterval(beat);
      clearTimeout(timer);
      stop();
    });
  }
}

function same(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
