import { once } from "node:events";
import { existsSync } from "node:fs";
import { type JSONRPCMessage, ProtocolErrorCode, type RequestId } from "@modelcontextprotocol/client";
import { execa, type ResultPromise } from "execa";
import { codeOf, HoldfastError } from "../base/errors.js";
import { systemClock } from "../machines/clock.js";
import type { Failure } from "../machines/failure.js";
import { BaseWire } from "./base-wire.js";
import { LineReader } from "./lines.js";
import { LogFile, type LogTarget } from "./log-file.js";
import { Lost } from "./lost.js";
import { idOfCutAnswer } from "./messages.js";
import { endGroup, pause, signalGroup } from "./process-group.js";
import { forgetGroup, startReaper, stopIdleReaper, watchGroup } from "./reaper.js";
import { Ring } from "./ring.js";
import { StdoutReader } from "./stdout.js";

export interface StdioWireOptions {
  command: string;
  args: readonly string[];
  env: Record<string, string>;
  cwd: string | undefined;
  stderr: "inherit" | "capture";
  onStderr: ((line: string) => void) | undefined;
  logFile: LogTarget | undefined;
  /** What to do where the command is not installed. */
  install: string | undefined;
  maxMessageBytes: number;
  closeTimeoutMs: number;
  reapOrphans: boolean;
  /** Takes secrets out of what the server printed. */
  redact(text: string): string;
}

const STDERR_BYTES = 64 * 1024;
const STDERR_LINE_BYTES = 64 * 1024;
const QUOTED_LINES = 10;
/** After the exit, what the pipe still holds is read for so long; a grandchild may keep it open for ever. */
const DRAIN_MS = 100;

/** How the SDKs say that a connection ended while they worked. */
const CONNECTION_CLOSED = -32000;

const WRITTEN = Promise.resolve();

/** Half a word may be half a secret, which nobody would know again. */
const wholeWords = (text: string): string => text.replace(/\S+$/, "");

type Child = ResultPromise<{ buffer: false; encoding: "buffer"; reject: false }>;

/** One server process and its pipes. The process has a group of its own, which ends with the wire. */
export class StdioWire extends BaseWire {
  readonly listening = "open";
  readonly stderr = new Ring(STDERR_BYTES);
  pid: number | undefined = undefined;
  #child: Child | undefined;
  #log: LogFile | undefined;
  readonly #errors = new LineReader(STDERR_LINE_BYTES, {
    onLine: (line) => this.#tellStderr(line.toString().replace(/\r$/, "")),
    onTooLarge: (head) => this.#tellStderr(`${wholeWords(head)}…`),
  });
  #exit: { code: number | null; signal: NodeJS.Signals | null } | undefined;
  #closing: Promise<void> | undefined;
  #groupGone = false;
  /** The server said something that was MCP. */
  #heard = false;
  #garbage = "";

  constructor(private readonly options: StdioWireOptions) {
    super();
  }

  async start(): Promise<void> {
    const { command, args, env, cwd, logFile, reapOrphans } = this.options;
    if (logFile !== undefined) this.#log = new LogFile(logFile, (error) => this.onerror?.(error));
    const posix = process.platform !== "win32";
    if (reapOrphans) startReaper();
    const child = execa(command, args, {
      env,
      extendEnv: false,
      ...(cwd !== undefined && { cwd }),
      detached: posix,
      windowsHide: true,
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      encoding: "buffer",
      buffer: false,
      cleanup: false,
      forceKillAfterDelay: false,
      reject: false,
    }) as Child;
    this.#child = child;
    this.pid = child.pid;
    if (this.pid !== undefined && posix && reapOrphans) watchGroup(this.pid);
    // Only the keeper holds a program; a server that nobody is waiting for does not.
    for (const handle of [child, child.stdin, child.stdout, child.stderr])
      (handle as { unref?(): void } | null)?.unref?.();
    this.#read(child);
    if (this.pid === undefined) stopIdleReaper();
    if (this.pid === undefined) throw new Lost("not-sent", await this.#spawnFailure(child));
  }

  /** Settles when the pipe has room again. What becomes of a written line, the exit tells: the pipe takes it all the same. */
  send(message: JSONRPCMessage): Promise<void> {
    const stdin = this.#child?.stdin;
    if (!stdin?.writable || this.#exit)
      return Promise.reject(new Lost("not-sent", this.#describe("the process has ended"), "soon"));
    if (stdin.write(`${JSON.stringify(message)}\n`)) return WRITTEN;
    return new Promise((resolve) => {
      const done = () => {
        stdin.off("drain", done);
        stdin.off("close", done);
        resolve();
      };
      stdin.once("drain", done);
      stdin.once("close", done);
    });
  }

  /** Ends stdin, then waits, terminates and kills, the whole group. Settles when nothing of it is left. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  explain(failure: Failure): Failure {
    if (failure.code === "SPAWN_FAILED") return failure;
    const garbage = this.#garbage && `. Its stdout is not MCP; it printed: ${this.#garbage}`;
    const stderr = this.options.redact(this.stderr.lastLines(QUOTED_LINES));
    const appendix = stderr && `Its last words on stderr:\n${stderr.replace(/^/gm, "  ")}`;
    return { ...failure, message: failure.message + garbage, ...(appendix && { appendix }) };
  }

  async #close(): Promise<void> {
    await this.#stop();
    await this.#log?.close();
    this.finish();
  }

  async #stop(): Promise<void> {
    const child = this.#child;
    if (!child || this.pid === undefined) return;
    child.stdin?.end();
    const { closeTimeoutMs } = this.options;
    if (!this.#groupGone) {
      // A server that never answered is not waited for; what is left of a group without its leader has no stdin to notice.
      const polite = this.#heard && !this.#exit;
      await endGroup(this.pid, polite ? closeTimeoutMs * 0.4 : 0, closeTimeoutMs * 0.3);
      forgetGroup(this.pid);
    }
    // Its last words may still be in the pipe.
    if (child.stderr && !child.stderr.readableEnded)
      await Promise.race([once(child.stderr, "end"), pause(DRAIN_MS)]);
    for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe?.destroy();
    this.#errors.end();
  }

  #read(child: Child): void {
    const stdout = new StdoutReader({
      onMessage: (message) => this.#onMessage(message),
      onUnreadable: (id, why, text) => this.#onUnreadable(id, why, text),
      onNoise: (text) => this.#onNoise(text),
      onContentLength: () => this.#onContentLength(),
    });
    const lines = new LineReader(this.options.maxMessageBytes, {
      onLine: (line) => stdout.line(line.toString("utf8")),
      onTooLarge: (head, tail) => this.#onTooLarge(head, tail),
    });
    child.stdout?.on("data", (chunk: Buffer) => lines.push(chunk));
    child.stdin?.on("error", (error) => this.#onPipeError(error));
    child.stdout?.on("error", (error) => this.#onPipeError(error));
    child.stderr?.on("data", (chunk: Buffer) => {
      this.stderr.push(chunk);
      this.#errors.push(chunk);
    });
    child.stderr?.once("end", () => this.#errors.end());
    child.once("exit", (code, signal) => this.#onExit(code, signal));
    child.stdout?.once("end", () => this.#onStdoutEnd());
  }

  #tellStderr(line: string): void {
    const { onStderr, redact, stderr } = this.options;
    const shown = redact(line);
    this.#log?.write(shown);
    if (stderr === "inherit") process.stderr.write(`${shown}\n`);
    try {
      onStderr?.(shown);
    } catch (error) {
      this.onerror?.(error as Error);
    }
  }

  #onMessage(message: JSONRPCMessage): void {
    this.#heard = true;
    if (!this.#isFarewell(message)) this.onmessage?.(message);
  }

  #onNoise(text: string): void {
    const printed = JSON.stringify(this.options.redact(text).slice(0, 200));
    this.#garbage ||= printed;
    this.onerror?.(
      new Error(`the server printed a line on stdout that is not an MCP message: ${printed}`),
    );
  }

  #onUnreadable(id: RequestId, why: string, text: string): void {
    this.#heard = true;
    const { redact } = this.options;
    const printed = JSON.stringify(redact(text).slice(0, 200));
    const message = `the server's answer cannot be read: it ${redact(why)}. It begins with ${printed}`;
    this.onmessage?.({ jsonrpc: "2.0", id, error: { code: ProtocolErrorCode.ParseError, message } });
  }

  #onContentLength(): void {
    const message =
      "the server frames its messages with Content-Length headers, as language servers do; a message of MCP is one line";
    this.#lose({ code: "CONNECT_FAILED", message, fatal: true });
  }

  /** What is left of a killed server sees its stdin end, and answers that it is closed: that is no answer. */
  #isFarewell(message: JSONRPCMessage): boolean {
    return this.#exit !== undefined && "error" in message && message.error.code === CONNECTION_CLOSED;
  }

  #onTooLarge(head: string, tail: string): void {
    const { maxMessageBytes } = this.options;
    const message = `a message was larger than ${maxMessageBytes} bytes and was thrown away; raise maxMessageBytes to accept it`;
    const error = new HoldfastError("MESSAGE_TOO_LARGE", message, { maxMessageBytes });
    const id = idOfCutAnswer(head, tail);
    if (id === undefined) this.finish({ code: "MESSAGE_TOO_LARGE", message, error });
    else this.onmessage?.({ jsonrpc: "2.0", id, error: { code: -32000, message, data: error } });
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
    // Its number may be given out again: from here on nobody may signal it.
    this.#groupGone = this.pid === undefined || !signalGroup(this.pid, 0);
    if (this.#groupGone && this.pid !== undefined) forgetGroup(this.pid);
    const done = () => this.finish(this.#describe("it ended"));
    const pipes = [this.#child?.stdout, this.#child?.stderr].filter(
      (pipe) => pipe && !pipe.readableEnded && !pipe.destroyed,
    );
    let left = pipes.length;
    for (const pipe of pipes) pipe!.once("close", () => --left === 0 && done());
    systemClock.setTimeout(done, left === 0 ? 0 : DRAIN_MS);
  }

  /** The loss as callers see it: the exit, or `how` while there is none, and the last words on stderr. */
  #describe(how: string): Failure {
    const { code, signal } = this.#exit ?? {};
    const what = !this.#exit ? how : signal ? `it was killed by ${signal}` : `it exited with code ${code}`;
    const stderr = this.stderr.lastLines(QUOTED_LINES);
    const details = { exitCode: this.#exit?.code ?? null, signal: this.#exit?.signal ?? null };
    const failure = this.explain({ code: "CONNECT_FAILED", message: what });
    return { ...failure, code: "SPAWN_FAILED", details: { ...details, stderr: this.options.redact(stderr) } };
  }

  async #spawnFailure(child: Child): Promise<Failure> {
    const error = (await child) as unknown as { cause?: NodeJS.ErrnoException; code?: string };
    const { command, cwd, install } = this.options;
    const code = error.cause?.code ?? error.code;
    const message =
      code === "ENOENT" && cwd !== undefined && !existsSync(cwd)
        ? `the directory ${JSON.stringify(cwd)} is not there any more`
        : code === "ENOENT"
          ? `the command ${JSON.stringify(command)} was not found. ${install ?? "Is it installed, and on PATH?"}`
          : code === "EACCES"
            ? `the command ${JSON.stringify(command)} may not be run (no permission)`
            : `the command ${JSON.stringify(command)} could not be started${cwd ? ` in ${cwd}` : ""} (${code ?? "unknown reason"})`;
    return { code: "SPAWN_FAILED", message, fatal: true, details: { exitCode: null, signal: null } };
  }
}
