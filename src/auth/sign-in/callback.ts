import { timingSafeEqual } from "node:crypto";
import type { Server, ServerResponse } from "node:http";
import { codeOf, messageOf } from "../../base/errors.js";
import { listeningPort } from "../../base/listening-port.js";
import { authRequired } from "./auth-required.js";
import { page } from "./page.js";

/** What the browser brought back. */
export interface Answer {
  code: string | undefined;
  iss: string | undefined;
  error: string | undefined;
  description: string | undefined;
}

export interface CallbackOptions {
  /** The name of the MCP server, for messages. */
  name: string;
  host: string;
  /** The port to listen on. Undefined: `preferredPort`, or a free one. */
  port: number | undefined;
  /** Used if it is free; otherwise any free port. */
  preferredPort?: number | undefined;
}

const PATH = "/callback";

/**
 * The redirect address of one sign-in: an HTTP server on the loopback interface that takes one answer. The browser's
 * request is answered by `close`, so that its page can say how the sign-in ended.
 */
export class Callback {
  state = "";
  readonly answer: Promise<Answer>;
  #give: (answer: Answer) => void = () => {};
  #answered = false;
  #waiting: ServerResponse | undefined;

  private constructor(
    private readonly http: Server,
    private readonly options: CallbackOptions,
  ) {
    this.answer = new Promise((resolve) => {
      this.#give = resolve;
    });
    http.on("request", (request, response) => {
      // Another host name that resolves to this machine is refused (DNS rebinding).
      const host = (request.headers.host ?? "").replace(/:\d+$/, "");
      const path = request.url ?? "/";
      const url = URL.canParse(path, this.redirectUrl) ? new URL(path, this.redirectUrl) : undefined;
      if (url && host === options.host && request.method === "GET" && url.pathname === PATH)
        this.#take(url, response);
      else show(response, 404, "There is nothing here", "This address is for one sign-in only.");
    });
  }

  /** @throws HoldfastError `AUTH_REQUIRED` where the given port is taken */
  static async listen(options: CallbackOptions): Promise<Callback> {
    const { name, host, port, preferredPort } = options;
    try {
      return new Callback(await listen(host, port ?? preferredPort ?? 0), options);
    } catch (error) {
      if (port === undefined && preferredPort !== undefined)
        return new Callback(await listen(host, 0), options);
      const taken = codeOf(error) === "EADDRINUSE";
      throw authRequired(
        name,
        `cannot wait for the browser on port ${port ?? 0} of ${host}: ${taken ? "it is taken" : messageOf(error)}`,
        taken ? "End the program that has it, or choose another callbackPort" : undefined,
      );
    }
  }

  get redirectUrl(): string {
    return `http://${this.options.host}:${listeningPort(this.http)}${PATH}`;
  }

  /**
   * Takes an address at which the browser ended, for example one that the person pasted.
   * @throws HoldfastError `AUTH_REQUIRED` where it is not the answer to this sign-in
   */
  accept(address: string | URL): void {
    const { name } = this.options;
    if (!URL.canParse(String(address).trim()))
      throw authRequired(
        name,
        "what was pasted is no address",
        "Paste all of the address that the browser shows",
      );
    const url = new URL(String(address).trim());
    if (!this.#isOurs(url))
      throw authRequired(
        name,
        "that address is not the answer to this sign-in",
        "Paste the one that it ended at",
      );
    this.#settle(url);
  }

  /** Shows the person how the sign-in ended, and stops the server. `failure` is undefined where it succeeded. */
  async close(failure?: string): Promise<void> {
    const { http, options } = this;
    const response = this.#waiting;
    if (response && !response.destroyed) {
      const responded = new Promise((resolve) => response.once("close", resolve));
      if (failure === undefined)
        show(response, 200, "You are signed in", `${options.name} can be used now. You may close this page.`);
      else show(response, 400, "You are not signed in", failure);
      await responded;
    }
    const closed = new Promise((resolve) => http.close(resolve));
    http.closeAllConnections();
    await closed;
  }

  #take(url: URL, response: ServerResponse): void {
    const other =
      "It was not used. Go back to the program that asked you, and use the address that it shows now.";
    if (!this.#isOurs(url)) show(response, 400, "This is the answer to another sign-in", other);
    else if (this.#answered)
      show(response, 409, "This sign-in was answered already", "You may close this page.");
    else {
      this.#waiting = response;
      this.#settle(url);
    }
  }

  #isOurs(url: URL): boolean {
    const [given, own] = [url.searchParams.get("state") ?? "", this.state].map((text) => Buffer.from(text));
    return own!.length > 0 && given!.length === own!.length && timingSafeEqual(given!, own!);
  }

  #settle({ searchParams }: URL): void {
    this.#answered = true;
    const get = (key: string) => searchParams.get(key) ?? undefined;
    this.#give({
      code: get("code"),
      iss: get("iss"),
      error: get("error"),
      description: get("error_description"),
    });
  }
}

function show(response: ServerResponse, status: number, title: string, text: string): void {
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    connection: "close",
  });
  response.end(page(title, text));
}

async function listen(host: string, port: number): Promise<Server> {
  const { createServer } = await import("node:http");
  const http = createServer();
  return new Promise((resolve, reject) => {
    http.once("error", reject);
    http.listen(port, host.replace(/^\[|\]$/g, ""), () => {
      http.off("error", reject);
      // Only `keepAlive` may keep the program alive.
      http.unref();
      http.on("connection", (socket) => socket.unref());
      resolve(http);
    });
  });
}
