import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type { JSONRPCMessage, RequestId } from "@modelcontextprotocol/client";
import { codeOf, HoldfastError, isHoldfastError, type Outcome } from "../base/errors.js";
import { unref } from "../base/unref.js";
import { systemClock } from "../machines/clock.js";
import type { Failure } from "../machines/failure.js";
import { BaseWire } from "./base-wire.js";
import { detachedLeft } from "./detached.js";
import { Lost } from "./lost.js";
import { cancelledId, isServerError } from "./messages.js";
import { endGroup, pause, signalGroup } from "./process-group.js";
import { MARK } from "./processes.js";
import { forgetGroup, startReaper, stopIdleReaper, watchGroup } from "./reaper.js";
import { ServerStderr, type StderrOptions } from "./server-stderr.js";
import { ServerStdout, type StdoutOptions } from "./server-stdout.js";
import {
  type CommandLine,
  isPassing,
  machineFailure,
  type ServerProcess,
  spawnFailure,
  spawnServer,
} from "./spawn.js";
import { WriteQueue } from "./write-queue.js";

export interface StdioWireOptions extends CommandLine, StderrOptions, StdoutOptions {
  /** What the server is called in errors that go straight to a caller. */
  name: string;
  /** How many bytes may wait for a server that does not read. Default 64 MiB. */
  maxWaitingBytes?: number;
  closeTimeoutMs: number;
  reapOrphans: boolean;
  /** Ends what the server started in sessions of its own, too. */
  endDetached: boolean;
  /** Told what nobody asked about and somebody should know. */
  warn(message: string): void;
}

const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** After the exit, what the pipe still holds is read for so long; a grandchild may keep it open for ever. */
const DRAIN_MS = 100;

/** What becomes of a message that its sender gave up, or that the end of the wire overtook. */
const takenBack = () =>
  new Lost("not-sent", {
    code: "CONNECTION_LOST",
    message: "it was taken back before it was written",
    asked: true,
  });

const POSIX = process.platform !== "win32";

/** One server process and its pipes. The process has a group of its own, which ends with the wire. */
export class StdioWire extends BaseWire {
  readonly listening = "open";
  readonly stderr: ServerStderr;
  readonly #stdout: ServerStdout;
  pid: number | undefined = undefined;
  #child: ServerProcess | undefined;
  #writes: WriteQueue | undefined;
  readonly #mark = randomUUID();
  #exit: { code: number | null; signal: NodeJS.Signals | null } | undefined;
  #closing: Promise<void> | undefined;
  #starting: Promise<void> | undefined;
  #groupGone = false;

  constructor(private readonly options: StdioWireOptions) {
    super();
    const onError = (error: Error) => this.onerror?.(error);
    this.stderr = new ServerStderr(options, onError);
    this.#stdout = new ServerStdout(options, {
      onMessage: (message) => {
        // What is left of a killed server sees its stdin end, and answers that it is closed: that is no answer.
        if (!this.#exit || !isServerError(message)) this.onmessage?.(message);
      },
      isAsked: (message) => this.isAsked(message),
      onUnreadable: (answer) => this.onUnreadable?.(answer),
      onError,
      onBroken: (failure) => this.finish(failure),
    });
  }

  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    const { options } = this;
    this.stderr.openLog();
    if (options.reapOrphans) await this.#standReaper();
    try {
      // Race: the wire was closed while the reaper was being started; nothing is spawned after that.
      if (this.#closing) throw new Error("the wire was closed");
      await spawnServer({ ...options, env: { ...options.env, [MARK]: this.#mark } }, (child) =>
        this.#take(child),
      );
    } catch (error) {
      stopIdleReaper();
      throw new Lost("not-sent", spawnFailure(error, options));
    }
  }

  async #standReaper(): Promise<void> {
    try {
      await startReaper();
    } catch (error) {
      const what = `the shell that ends servers when this program is killed could not be started (${codeOf(error)})`;
      if (isPassing(error)) throw new Lost("not-sent", machineFailure(error, what));
      this.options.warn(`${what}: the server would outlive the program`);
    }
  }

  #take(child: ServerProcess): void {
    this.#child = child;
    this.pid = child.pid;
    if (POSIX && this.options.reapOrphans) watchGroup(child.pid);
    // Only the keeper holds a program; a server that nobody is waiting for does not. Bun and Deno have no such pipes.
    for (const handle of [child, child.stdin, child.stdout, child.stderr]) unref(handle);
    this.#writes = new WriteQueue(child.stdin, this.options.maxWaitingBytes ?? MAX_WAITING_BYTES);
    this.#read(child);
  }

  /** Settles when the pipe has room again. What becomes of a written line, the exit tells: the pipe takes it all the same. */
  send(message: JSONRPCMessage): Promise<void> {
    const writes = this.#writes;
    if (!writes || !this.#child?.stdin.writable || this.#exit)
      return Promise.reject(new Lost("not-sent", this.#describe("the process has ended"), "soon"));
    const cancelled = cancelledId(message);
    // The server never saw it, so there is nothing to cancel.
    if (cancelled !== undefined && writes.withdraw(cancelled, takenBack)) return Promise.resolve();
    const text = `${JSON.stringify(message)}\n`;
    if (writes.isFull(text)) return Promise.reject(this.#queueFull(writes.length));
    return writes.write(text, "method" in message && "id" in message ? message.id : undefined);
  }

  isWaiting(id: RequestId): boolean {
    return this.#writes?.has(id) ?? false;
  }

  override outcomeOf(error: unknown): Outcome | undefined {
    return isHoldfastError(error, "QUEUE_FULL") ? undefined : super.outcomeOf(error);
  }

  /** Ends stdin, then waits, terminates and kills, the whole group. Settles when nothing of it is left. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  explain(failure: Failure): Failure {
    if (failure.code === "SPAWN_FAILED") return failure;
    const { garbage } = this.#stdout;
    const printed = garbage && `. Its stdout is not MCP; it printed: ${garbage}`;
    const stderr = this.stderr.lastWords();
    const appendix = stderr && `Its last words on stderr:\n${stderr.replace(/^/gm, "  ")}`;
    return { ...failure, message: failure.message + printed, ...(appendix && { appendix }) };
  }

  async #close(): Promise<void> {
    await this.#stop();
    await this.stderr.closeLog();
    this.finish();
  }

  async #stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#writes?.end(takenBack());
    // A server that cannot write does not see that its stdin ended.
    this.allowance.lift();
    child.stdin.end();
    const { closeTimeoutMs, endDetached, warn } = this.options;
    if (!this.#groupGone) {
      // A server that never answered is not waited for; what is left of a group without its leader has no stdin to notice.
      const polite = this.#stdout.heard && !this.#exit;
      await endGroup(child.pid, polite ? closeTimeoutMs * 0.4 : 0, closeTimeoutMs * 0.3);
      forgetGroup(child.pid);
    }
    const left = await detachedLeft(this.#mark, endDetached ? closeTimeoutMs * 0.1 : undefined);
    if (left) warn(left);
    // Its last words may still be in the pipe.
    if (!child.stderr.readableEnded) await Promise.race([once(child.stderr, "end"), pause(DRAIN_MS)]);
    for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.destroy();
    this.stderr.end();
  }

  #read(child: ServerProcess): void {
    this.#stdout.read(child.stdout, this.allowance);
    this.stderr.read(child.stderr, this.allowance);
    child.stdin.on("error", (error) => this.#onPipeError(error));
    child.stdout.on("error", (error) => this.#onPipeError(error));
    child.stderr.once("end", () => this.stderr.end());
    child.once("exit", (code, signal) => this.#onExit(code, signal));
    child.stdout.once("end", () => this.#onStdoutEnd());
  }

  #onPipeError(error: Error): void {
    // EPIPE comes before or after the exit; the exit tells more, so it gets the first word.
    systemClock.setTimeout(
      () => this.finish(this.#describe(`its pipe broke (${codeOf(error) ?? error.message})`)),
      DRAIN_MS,
    );
  }

  #onStdoutEnd(): void {
    systemClock.setTimeout(() => this.finish(this.#describe("it closed its stdout")), DRAIN_MS);
  }

  #onExit(code: number | null, signal: NodeJS.Signals | null): void {
    this.#exit = { code, signal };
    this.#stdout.flush();
    this.allowance.lift();
    // Its number may be given out again: from here on nobody may signal it.
    const pid = this.#child!.pid;
    this.#groupGone = !signalGroup(pid, 0);
    if (this.#groupGone) forgetGroup(pid);
    const done = () => this.finish(this.#describe("it ended"));
    const pipes = [this.#child?.stdout, this.#child?.stderr].filter(
      (pipe) => pipe && !pipe.readableEnded && !pipe.destroyed,
    );
    let left = pipes.length;
    for (const pipe of pipes) pipe!.once("close", () => --left === 0 && done());
    systemClock.setTimeout(done, left === 0 ? 0 : DRAIN_MS);
  }

  protected override finish(failure?: Failure): void {
    this.#stdout.flush();
    super.finish(failure); // Whoever asks during the end is told that what waits was not sent.
    this.#writes?.end(takenBack());
    this.#stdout.stop();
  }

  #queueFull(maxQueued: number): HoldfastError {
    const { name, maxWaitingBytes = MAX_WAITING_BYTES } = this.options;
    const message = `${name}: the server does not read its stdin: ${maxQueued} messages wait, and ${maxWaitingBytes} bytes is what may; the call was not sent`;
    return new HoldfastError("QUEUE_FULL", message, { server: name, maxQueued });
  }

  /** The loss as callers see it: the exit, or `how` while there is none, and the last words on stderr. */
  #describe(how: string): Failure {
    const { code, signal } = this.#exit ?? {};
    const what = !this.#exit ? how : signal ? `it was killed by ${signal}` : `it exited with code ${code}`;
    const details = { exitCode: this.#exit?.code ?? null, signal: this.#exit?.signal ?? null };
    const failure = this.explain({ code: "CONNECT_FAILED", message: what });
    return { ...failure, code: "SPAWN_FAILED", details: { ...details, stderr: this.stderr.lastWords() } };
  }
}
