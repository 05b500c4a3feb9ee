// The servers of the soak: real ones, each of them can be killed while it is used.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const everything = createRequire(import.meta.url).resolve(
  "@modelcontextprotocol/server-everything/dist/index.js",
);
const venv = here("../../.ci/venv/bin/python");

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** A server that runs on its own and begins again after each kill. */
export async function remote(args, up) {
  const port = await freePort();
  let child;
  const start = async () => {
    child = spawn(process.execPath, [...args, String(port)], {
      env: { ...process.env, PORT: String(port) },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const lines = createInterface({ input: child.stderr });
    await new Promise((resolve) => lines.on("line", (line) => up.test(line) && resolve()));
  };
  const stop = async () => {
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  let restarting;
  await start();
  return {
    port,
    pid: () => child.pid,
    restart() {
      restarting ??= stop()
        .then(start)
        .finally(() => {
          restarting = undefined;
        });
      return restarting;
    },
    async stop() {
      await restarting;
      await stop();
    },
    kill: () => child.kill("SIGKILL"),
  };
}

/** The config of the fleet, and the servers that are not holdfast's own processes. */
export async function startServers() {
  const [http, sse, websocket] = await Promise.all([
    remote([everything, "streamableHttp"], /listening/),
    remote([everything, "sse"], /running on port/),
    remote([here("./websocket-server.mjs")], /listening/),
  ]);
  const python = existsSync(venv) && {
    fastmcp: { command: venv, args: [here("../../test/fixtures/python-server.py")] },
  };
  const mcpServers = {
    first: { command: process.execPath, args: [everything, "stdio"] },
    second: { command: process.execPath, args: [here("../../test/fixtures/modern-server.mjs")] },
    http: { url: `http://127.0.0.1:${http.port}/mcp` },
    sse: { url: `http://127.0.0.1:${sse.port}/sse` },
    websocket: { url: `ws://127.0.0.1:${websocket.port}` },
    ...python,
  };
  return { mcpServers, remotes: { http, sse, websocket } };
}
