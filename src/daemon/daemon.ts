import { readFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { codeOf, messageOf } from "../base/errors.js";
import { VERSION } from "../base/version.js";
import { untilAborted, withDeadline } from "../base/wait.js";
import { MCPConfigTransport } from "../composite/config-transport.js";
import { systemClock } from "../machines/clock.js";
import type { ClientTransport } from "../transports/transport.js";
import { Client } from "./client.js";
import { firstLine } from "./first-line.js";
import { Forks } from "./forks.js";
import { DRAIN_MS, type Hello, lineOf, PROTOCOL, type Welcome } from "./hello.js";
import { Journal } from "./journal.js";
import { contentHash } from "./key.js";
import { readManifest, removeManifest, writeManifest } from "./manifest.js";
import type { Place } from "./place.js";
import { statusOf } from "./status.js";

/** A client that has servers of its own and was silent for so long lets them go. */
const SILENT_MS = 30 * 60_000;
/** How often that is looked at. */
const LOOK_MS = 60_000;
/** Whoever connects says at once what is wanted. */
const HELLO_MS = 30_000;

export interface DaemonOptions {
  place: Place;
  /** The real path of the config. */
  config: string;
  /** So long after the last client left it ends. */
  idleMs: number;
}

/** All servers of one config, for all hosts of one user. */
export class Daemon {
  /** Settles when all is ended. */
  readonly closed: Promise<void>;
  readonly #server: Server;
  readonly #clients = new Set<Client>();
  readonly #forks = new Forks();
  /** Those who asked for the end, and wait for it. */
  readonly #waiting: Socket[] = [];
  #idle: unknown;
  #looking: unknown;
  #read = "";
  #stopping: Promise<void> | undefined;
  #closed: () => void = () => {};

  private constructor(
    private readonly transport: ClientTransport,
    private readonly options: DaemonOptions,
    private readonly journal: Journal,
  ) {
    this.closed = new Promise((resolve) => {
      this.#closed = resolve;
    });
    this.#server = createServer((socket) => void this.#accept(socket));
  }

  /** Undefined: another daemon has the socket. */
  static async start(transport: ClientTransport, options: DaemonOptions): Promise<Daemon | undefined> {
    const { place, config } = options;
    const journal = new Journal(place.log);
    const daemon = new Daemon(transport, options, journal);
    daemon.#read = contentHash(await readFile(config, "utf8"));
    if (!(await daemon.#listen(place.socket))) {
      await journal.close();
      return undefined;
    }
    journal.follow(transport);
    const before = await readManifest(place.manifest);
    await writeManifest(place.manifest, {
      key: place.key,
      pid: process.pid,
      startedAt: Date.now(),
      version: VERSION,
      config,
      socket: place.socket,
      log: place.log,
      restarts: before ? before.restarts + 1 : 0,
      // Who ends by itself takes its manifest away.
      ...(before && { reason: `process ${before.pid} ended without a word` }),
    });
    // Whoever started it comes at once.
    daemon.#rest(Math.max(options.idleMs, HELLO_MS));
    daemon.#look();
    return daemon;
  }

  async #listen(path: string): Promise<boolean> {
    const server = this.#server;
    // The directory lets nobody else in; the socket does not, either.
    const mask = process.umask(0o177);
    try {
      await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
      return true;
    } catch (error) {
      if (codeOf(error) === "EADDRINUSE") return false;
      throw error;
    } finally {
      process.umask(mask);
    }
  }

  async #accept(socket: Socket): Promise<void> {
    socket.on("error", () => {});
    const hello = await firstLine<Hello>(socket, HELLO_MS);
    if (!hello || this.#stopping) return void socket.destroy();
    const welcome: Welcome = {
      protocol: PROTOCOL,
      version: VERSION,
      pid: process.pid,
      name: this.transport.name,
    };
    // To end, every version can say to every other one.
    if (hello.protocol !== PROTOCOL && hello.ask !== "stop") return void socket.end(lineOf(welcome));
    switch (hello.ask) {
      case "session":
        return this.#admit(socket, hello, welcome);
      case "stop":
      case "move":
        socket.write(lineOf(welcome));
        this.#waiting.push(socket);
        return this.stop(hello.ask === "move" ? "move" : "rest");
      default: {
        const own = (client: Client) => this.#forks.has(client);
        const status = statusOf(this.transport, this.journal, this.#clients, own);
        socket.end(lineOf({ ...welcome, status }));
      }
    }
  }

  async #admit(socket: Socket, { pid, config }: Partial<Hello>, welcome: Welcome): Promise<void> {
    systemClock.clearTimeout(this.#idle);
    const client = new Client(socket, pid, (message) => this.#forks.admit(client, message));
    this.#clients.add(client);
    void client.closed.then(() => {
      this.#clients.delete(client);
      this.#forks.end(client);
      this.#rest();
    });
    if (config !== undefined && config !== this.#read) await this.#readAgain();
    if (!socket.writable) return;
    socket.write(lineOf(welcome));
    client.onerror = (error) => this.journal.say(`client ${pid}: ${error.message}`);
    const own = this.transport instanceof MCPConfigTransport ? this.transport.forClient() : undefined;
    if (own) void client.closed.then(() => own.close());
    await (own ?? this.transport).asServer().connect(client);
  }

  /** The config was edited, and the one who follows the file has not seen it yet. */
  async #readAgain(): Promise<void> {
    const { config } = this.options;
    try {
      const read = contentHash(await readFile(config, "utf8"));
      if (read === this.#read) return;
      this.#read = read;
      if (this.transport instanceof MCPConfigTransport) await this.transport.setConfig(config);
    } catch (error) {
      this.journal.say(`the last good config stays: ${messageOf(error)}`);
    }
  }

  /** Its next message brings a silent client back. */
  #look(): void {
    this.#looking = systemClock.setTimeout(() => {
      const silent = systemClock.now() - SILENT_MS;
      for (const client of this.#clients)
        if (this.#forks.has(client) && client.heardAt < silent) client.leave("rest");
      this.#look();
    }, LOOK_MS);
  }

  /** Nobody is there: it ends unless somebody comes. */
  #rest(ms = this.options.idleMs): void {
    if (this.#clients.size > 0 || this.#stopping) return;
    systemClock.clearTimeout(this.#idle);
    this.#idle = systemClock.setTimeout(() => {
      this.journal.say("ending: no client came back");
      void this.stop("rest");
    }, ms);
  }

  /** Lets what runs be answered, and ends. `move`: the shims come back at once, another daemon takes over. */
  stop(how: "move" | "rest"): Promise<void> {
    this.#stopping ??= this.#stop(how);
    return this.#stopping;
  }

  async #stop(how: "move" | "rest"): Promise<void> {
    systemClock.clearTimeout(this.#idle);
    systemClock.clearTimeout(this.#looking);
    // Before the socket is gone: whoever finds none starts the next daemon.
    await removeManifest(this.options.place.manifest);
    this.#server.close();
    for (const client of this.#clients) client.leave(how);
    const gone = Promise.all([...this.#clients].map(({ closed }) => closed));
    const expired = () => new Error("calls are still running");
    await withDeadline({ ms: DRAIN_MS, expired }, (over) => untilAborted(gone, over)).catch(() => {});
    await Promise.all([...this.#clients].map((client) => client.close()));
    await this.transport.close();
    await this.journal.close();
    for (const socket of this.#waiting) socket.destroy();
    this.#closed();
  }
}
