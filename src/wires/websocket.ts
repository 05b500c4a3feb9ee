import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type JSONRPCMessage, SdkErrorCode, SdkHttpError } from "@modelcontextprotocol/client";
import { WebSocket } from "ws";
import { codeOf } from "../base/errors.js";
import { Secrets } from "../base/redact.js";
import type { Credential, Refusal } from "../contract/credential.js";
import type { UnreadableAnswer } from "../contract/wire.js";
import { systemClock } from "../machines/clock.js";
import type { Failure } from "../machines/failure.js";
import { type AgentOptions, proxyTo } from "./agent.js";
import { BaseWire } from "./base-wire.js";
import { closeFailure } from "./close-codes.js";
import { Lost } from "./lost.js";
import { retryAfterMs } from "./network.js";
import { refusalOf } from "./refusal.js";
import { SocketFrames } from "./socket-frames.js";
import { tunnel } from "./tunnel.js";
import { challengeOf, opened } from "./upgrade.js";

export interface WebSocketWireOptions extends AgentOptions {
  url: URL;
  headers: Record<string, string>;
  credential: Credential | undefined;
  /** What the connection was told in confidence. Default: what the headers hold. */
  secrets?: Secrets;
  protocols: readonly string[];
  maxMessageBytes: number;
  /** The longest wait that the server may ask for. Default 3,600,000. */
  maxRetryAfterMs?: number;
  /** How long nothing may be received before the socket is pinged. `Infinity`: never. */
  heartbeatMs: number;
  /** A ping that has no answer for so long raises a doubt. Default 5 s. */
  pongMs?: number;
  closeTimeoutMs: number;
}

const PONG_MS = 5_000;

/** One WebSocket. Its end is the wire's; the close code says what to make of it. */
export class WebSocketWire extends BaseWire {
  readonly listening = "open";
  #socket: WebSocket | undefined;
  #timer: unknown;
  #retryAfterMs: number | undefined;
  /** Destroys a socket that is still on its way through a proxy. */
  readonly #abort = new AbortController();
  #tcp: Socket | undefined;
  #frames: SocketFrames | undefined;
  readonly #secrets: Secrets;
  /** What the upgrade was refused for, where another credential may help. */
  #refusal: Refusal | undefined;

  constructor(private readonly options: WebSocketWireOptions) {
    super();
    this.#secrets = options.secrets ?? new Secrets();
    this.#secrets.addHeaders(options.headers);
  }

  async start(): Promise<void> {
    try {
      await this.#connect();
    } catch (error) {
      const refusal = this.#refusal;
      if (!refusal || !this.options.credential?.mends(refusal)) throw error;
      await this.onRefused?.(refusal);
      throw error;
    }
    const socket = this.#socket!;
    socket.on("error", (error) => this.#fail(error));
    socket.once("close", (code, reason) => {
      // Also where the wire was closed meanwhile: a code that came with the upgrade is read before a send fails.
      this.failure ??= closeFailure(code, this.#secrets.redact(reason.toString()), Math.random());
      this.finish();
    });
    const handlers = {
      redact: (text: string) => this.#secrets.redact(text),
      isAsked: (message: JSONRPCMessage) => this.isAsked(message),
      onMessage: (message: JSONRPCMessage) => this.onmessage?.(message),
      onUnreadable: (answer: UnreadableAnswer) => this.onUnreadable?.(answer),
      onError: (error: Error) => this.onerror?.(error),
      onNoRoom: ({ message }: Error) => {
        if (this.ended) return;
        this.finish({ code: "CONNECTION_LOST", message });
        socket.terminate();
      },
    };
    this.#frames = new SocketFrames(socket, this.allowance, handlers, this.options.maxMessageBytes);
    if (this.#tcp) this.#frames.count(this.#tcp);
    this.#watch();
  }

  async #connect(): Promise<void> {
    const { url, headers, credential, protocols, maxMessageBytes, tls, proxy } = this.options;
    const { connectTimeoutMs, closeTimeoutMs } = this.options;
    const token = await credential?.token();
    if (token !== undefined) this.#secrets.addFresh(token);
    const through = await proxyTo(url, proxy);
    const { signal } = this.#abort;
    const tunneled = through && (await tunnel(url, through, { tls, connectTimeoutMs, signal }));
    if (this.ended) {
      if (tunneled) tunneled.destroy();
      throw new Error("the wire was closed");
    }
    const socket = new WebSocket(url, [...protocols], {
      headers: { ...headers, ...(token !== undefined && { Authorization: `Bearer ${token}` }) },
      maxPayload: maxMessageBytes,
      handshakeTimeout: connectTimeoutMs,
      perMessageDeflate: false,
      // Not in the types yet.
      ...({ closeTimeout: closeTimeoutMs * 0.3 } as object),
      ...tls,
      ...(tunneled && { createConnection: () => tunneled }),
      finishRequest: (request) => {
        // Only the keeper holds a program.
        request.on("socket", (tcp) => {
          this.#tcp = tcp.unref();
        });
        request.end();
      },
    });
    this.#socket = socket;
    await opened(socket, (response) => this.#refused(response, token));
    if (token !== undefined) credential?.accepted?.(token);
  }

  /** Settles when the bytes were handed to the system; rejects when they were not. */
  send(message: JSONRPCMessage): Promise<void> {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN)
      return Promise.reject(
        new Lost(
          "not-sent",
          this.failure ?? { code: "CONNECTION_LOST", message: "the socket is closed" },
          "soon",
        ),
      );
    const text = JSON.stringify(message);
    this.#gather();
    return new Promise((resolve, reject) =>
      socket.send(text, (error) => (error ? reject(error) : resolve())),
    );
  }

  /** What is sent in one turn of the event loop goes to the system at once: each hand-over costs as much as the rest. */
  #gather(): void {
    const tcp = this.#tcp;
    if (!tcp || tcp.writableCorked > 0) return;
    tcp.cork();
    process.nextTick(() => tcp.uncork());
  }

  get bytesRead(): number | undefined {
    return this.#tcp?.bytesRead;
  }

  /** A ping of the socket is answered by the server's machinery, however busy the server is. */
  async alive(timeoutMs: number): Promise<boolean> {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return false;
    return new Promise((resolve) => {
      const timer = systemClock.setTimeout(() => done(false), timeoutMs);
      const onPong = () => done(true);
      const done = (alive: boolean) => {
        systemClock.clearTimeout(timer);
        socket.off("pong", onPong);
        resolve(alive);
      };
      socket.on("pong", onPong);
      socket.ping();
    });
  }

  explain(failure: Failure): Failure {
    return this.#retryAfterMs === undefined ? failure : { ...failure, retryAfterMs: this.#retryAfterMs };
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.finish();
    this.#abort.abort();
    if (!socket || socket.readyState === WebSocket.CLOSED) return;
    const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    if (socket.readyState === WebSocket.CONNECTING) socket.terminate();
    else socket.close(1000); // Within `closeTimeout`, whatever the server does.
    await gone;
  }

  #fail(error: Error): void {
    if (this.ended) return;
    const tooLarge = codeOf(error) === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH";
    if (!tooLarge) {
      this.onerror?.(error);
      return;
    }
    const { maxMessageBytes } = this.options;
    this.finish({
      code: "CONNECTION_LOST",
      message: `a message was larger than ${maxMessageBytes} bytes; raise maxMessageBytes to accept it`,
    });
  }

  #refused(response: IncomingMessage, token: string | undefined): SdkHttpError {
    const { statusCode: status = 0, statusMessage: statusText = "" } = response;
    if (status === 401 || status === 403)
      this.#refusal = refusalOf(new Response(null, { status, headers: challengeOf(response) }), token);
    this.#retryAfterMs = retryAfterMs(status, response.headers["retry-after"], this.options.maxRetryAfterMs);
    response.destroy();
    const what = status < 300 ? "it answered the upgrade as a web page" : "it refused the upgrade";
    const message = `${what} (HTTP ${status} ${statusText})`;
    return new SdkHttpError(SdkErrorCode.ClientHttpFailedToOpenStream, message, {
      status,
      statusText,
    });
  }

  /** Looks whether something came in, and pings where nothing did. */
  #watch(): void {
    const { heartbeatMs, pongMs = PONG_MS } = this.options;
    if (!Number.isFinite(heartbeatMs) || this.ended) return;
    const before = this.#tcp?.bytesRead;
    const heard = () => this.#tcp?.bytesRead !== before;
    this.#timer = systemClock.setTimeout(() => {
      if (heard()) return this.#watch();
      this.#socket?.ping();
      this.#timer = systemClock.setTimeout(() => {
        if (!heard()) this.onDoubt?.(new Error("a WebSocket ping was not answered"));
        this.#watch();
      }, pongMs);
    }, heartbeatMs);
  }

  protected override finish(failure?: Failure): void {
    systemClock.clearTimeout(this.#timer);
    this.#frames?.flush();
    super.finish(failure);
    this.#frames?.stop();
  }
}
