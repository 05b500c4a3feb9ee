import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { McpServer } from "@modelcontextprotocol/server";
import { endGroup, forgetGroup, listeningPort, watchGroup } from "../../internal.js";
import { UsageError } from "../terminal/exit.js";
import { say } from "../terminal/print.js";

const EVERYTHING = "@modelcontextprotocol/server-everything";
const ENTRY = "dist/index.js";

/**
 * The path of the reference server: installed beside holdfast or in the working directory, or where npx keeps it, which fetches it.
 * @throws UsageError where it cannot be fetched
 */
export async function everythingPath(): Promise<string> {
  for (const from of [import.meta.url, `${process.cwd()}/`]) {
    try {
      return createRequire(from).resolve(`${EVERYTHING}/${ENTRY}`);
    } catch {
      // Not installed here: try the next place.
    }
  }
  say(`the demo runs the reference server, ${EVERYTHING}; npx fetches it, if it has not yet`);
  return fetched();
}

/** npx puts the commands of a package on PATH; beside them lies the package. */
async function fetched(): Promise<string> {
  const bins = `process.stdout.write(process.env.PATH ?? process.env.Path)`;
  const args = ["-y", "--prefer-offline", `--package=${EVERYTHING}`, "--", "node", "-e", bins];
  const [npx, ...before] = npxCommand();
  const child = spawn(npx!, [...before, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let path = "";
  child.stdout.on("data", (chunk) => {
    path += chunk;
  });
  const [code] = await once(child, "close");
  const places = path.split(delimiter).map((folder) => join(dirname(folder), EVERYTHING, ENTRY));
  const found = places.find((place) => existsSync(place));
  if (code === 0 && found) return found;
  throw new UsageError(
    `npx did not fetch the reference server; install it here: npm install --no-save ${EVERYTHING}`,
  );
}

/** npm's own file beside this Node, since no shell is asked; else what is on PATH. */
function npxCommand(): string[] {
  const places = ["../lib/node_modules/npm/bin/npx-cli.js", "node_modules/npm/bin/npx-cli.js"];
  const files = places.map((place) => join(dirname(process.execPath), place));
  const file = files.find((one) => existsSync(one));
  return file ? [process.execPath, file] : ["npx"];
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
