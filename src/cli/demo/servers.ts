import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { McpServer } from "@modelcontextprotocol/server";
import { endGroup, forgetGroup, listeningPort, watchGroup } from "../../internal.js";
import { UsageError } from "../terminal/exit.js";

const EVERYTHING = "@modelcontextprotocol/server-everything";

/**
 * The path of the reference server, installed beside holdfast or in the working directory.
 * @throws UsageError where it is not installed
 */
export function everythingPath(): string {
  for (const from of [import.meta.url, `${process.cwd()}/`]) {
    try {
      return createRequire(from).resolve(`${EVERYTHING}/dist/index.js`);
    } catch {
      // Not installed here: try the next place.
    }
  }
  throw new UsageError(
    `the demo runs the reference server; install it here first: npm install --no-save ${EVERYTHING}`,
  );
}

/** Runs the reference server on a port, as a process that can be killed and started again. */
export class EverythingServer {
  url = "";
  #port = 0;
  #child: ChildProcess | undefined;

  constructor(
    private readonly path: string,
    private readonly mode: "streamableHttp" | "sse",
  ) {}

  async start(): Promise<void> {
    this.#port ||= await freePort();
    this.url = `http://127.0.0.1:${this.#port}/${this.mode === "sse" ? "sse" : "mcp"}`;
    const child = spawn(process.execPath, [this.path, this.mode], {
      env: { ...process.env, PORT: String(this.#port) },
      stdio: ["ignore", "ignore", "pipe"],
      detached: true,
    });
    this.#child = child;
    watchGroup(child.pid!);
    for await (const line of createInterface({ input: child.stderr }))
      if (/listening|running on/.test(line)) return;
    throw new Error(`the ${this.mode} server of the demo did not start`);
  }

  /** Stops the process with SIGSTOP. Its socket still accepts what is sent, but nothing is answered. */
  freeze(): void {
    this.#child?.kill("SIGSTOP");
  }

  /** Kills the process with SIGKILL. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child?.pid) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
    await endGroup(child.pid, 0, 0);
    forgetGroup(child.pid);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = listeningPort(server);
  server.close();
  await once(server, "close");
  return port;
}

/** A server of the SDK 2 in this program, which is reached in the modern era. */
export function localServer(): McpServer {
  const server = new McpServer({ name: "demo/local", version: "1.0.0" });
  server.registerTool("echo", { description: "Answers with nothing but its thanks" }, () => ({
    content: [{ type: "text", text: "thank you" }],
  }));
  return server;
}
