import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { Manifest } from "../../src/daemon/manifest.js";
import { lives, until } from "./fixtures.js";
import { temporary } from "./temporary.js";

export const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export interface Answer {
  id?: unknown;
  method?: string;
  params?: unknown;
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into it.
  result?: any;
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into it.
  error?: any;
}

export interface HostOptions {
  /** Where it starts its shim. */
  cwd?: string | undefined;
  /** The program of holdfast. Default: what was built. */
  main?: string | undefined;
}

/** A host with one shim, which it speaks to by hand: fifty of them start on two cores. */
export class SharedHost {
  readonly child: ChildProcess;
  /** What came that answers nothing. */
  readonly heard: Answer[] = [];
  readonly said: string[] = [];
  /** Settles with the end of the shim. */
  readonly closed: Promise<number | null>;
  readonly #waiting = new Map<unknown, (answer: Answer) => void>();
  #next = 0;

  constructor(args: string[], env: Record<string, string>, { cwd, main = MAIN }: HostOptions = {}) {
    this.child = spawn(process.execPath, [main, "serve", ...args], {
      env,
      ...(cwd && { cwd }),
      stdio: "pipe",
    });
    this.closed = new Promise((resolve) => this.child.once("close", (code) => resolve(code)));
    this.child.stdin!.on("error", () => {});
    createInterface({ input: this.child.stderr! }).on("line", (line) => this.said.push(line));
    createInterface({ input: this.child.stdout! }).on("line", (line) => {
      const answer = JSON.parse(line) as Answer;
      const settle = answer.method === undefined ? this.#waiting.get(answer.id) : undefined;
      this.#waiting.delete(answer.id);
      if (settle) settle(answer);
      else this.heard.push(answer);
    });
  }

  send(message: object): void {
    this.child.stdin!.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  }

  /** Settles with the answer, or with none where the shim ends. */
  request(method: string, params: object = {}): Promise<Answer> {
    const id = this.#next++;
    const answer = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.send({ id, method, params });
    return Promise.race([answer, this.closed.then((): Answer => ({ error: { message: "the shim ended" } }))]);
  }

  async initialize(capabilities: object = {}): Promise<Answer> {
    const clientInfo = { name: "host", version: "1.0.0" };
    const answer = await this.request("initialize", {
      protocolVersion: "2025-06-18",
      capabilities,
      clientInfo,
    });
    this.send({ method: "notifications/initialized" });
    return answer;
  }

  /** The text that a tool gives, or the error. */
  async call(name: string, args: object = {}): Promise<string> {
    const { result, error } = await this.request("tools/call", { name, arguments: args });
    return error ? JSON.stringify(error.data?.holdfast ?? error) : String(result.content[0].text);
  }

  async end(): Promise<void> {
    this.child.stdin!.end();
    await this.closed;
  }
}

/** A user with a run directory of its own, a config, and hosts. */
export class SharedWorld {
  readonly directory = realpathSync(temporary());
  readonly run = join(this.directory, "run");
  readonly config = join(this.directory, "mcp.json");
  readonly env: Record<string, string>;
  readonly hosts: SharedHost[] = [];

  constructor(servers: object, more: object = {}) {
    this.env = {
      PATH: process.env["PATH"]!,
      HOME: this.directory,
      XDG_STATE_HOME: join(this.directory, "state"),
      XDG_DATA_HOME: join(this.directory, "data"),
      XDG_RUNTIME_DIR: this.run,
    };
    this.write(servers, more);
    onTestFinished(() => this.end());
  }

  write(servers: object, more: object = {}): void {
    writeFileSync(this.config, JSON.stringify({ ...more, mcpServers: servers }));
  }

  host(
    args: string[] = [],
    { env = {}, ...options }: { env?: Record<string, string> } & HostOptions = {},
  ): SharedHost {
    return this.started([this.config, "--shared", ...args], { ...this.env, ...env }, options);
  }

  /** A host whose entry says this, behind `serve`. */
  started(args: string[], env: Record<string, string> = this.env, options: HostOptions = {}): SharedHost {
    const host = new SharedHost(args, env, options);
    this.hosts.push(host);
    return host;
  }

  manifests(): Manifest[] {
    const run = join(this.run, "holdfast");
    const names = existsSync(run) ? readdirSync(run).filter((name) => name.endsWith(".json")) : [];
    return names.map((name) => JSON.parse(readFileSync(join(run, name), "utf8")) as Manifest);
  }

  /** The daemons that live, whether they have a manifest or not. */
  daemons(): number[] {
    return this.processes().filter((pid) => read(pid, "cmdline").split("\0").includes("daemon"));
  }

  /** What daemons of this world started, with the shells that watch over it. */
  servers(): number[] {
    const daemons = new Set(this.daemons());
    return this.processes().filter(
      (pid) => !daemons.has(pid) && read(pid, "environ").includes("HOLDFAST_DAEMON="),
    );
  }

  processes(): number[] {
    return readdirSync("/proc")
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && lives(pid) && read(pid, "environ").includes(this.directory));
  }

  async end(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.end()));
    for (const pid of this.daemons()) process.kill(pid, "SIGTERM");
    await until(() => this.processes().length === 0);
  }
}

function read(pid: number, name: "cmdline" | "environ"): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}
