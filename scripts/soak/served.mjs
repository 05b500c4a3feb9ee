// `holdfast serve` as a process, and what its own debugger says of its memory.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";

const CLI = fileURLToPath(new URL("../../dist/bundle/cli.js", import.meta.url));

/** Starts it; `heapMB` is what is alive after a collection, asked of V8 from outside, so that serve runs as it does elsewhere. */
export async function startServe(config, args) {
  const child = spawn(
    process.execPath,
    ["--inspect=127.0.0.1:0", CLI, "serve", config, "--http", "127.0.0.1:0", ...args],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stderr });
  const said = [];
  const found = (pattern) =>
    new Promise((resolve, reject) => {
      lines.on("line", (line) => {
        const match = pattern.exec(line);
        if (match) resolve(match[1]);
      });
      void exited.then(() => reject(new Error(`serve ended: ${said.join("\n")}`)));
    });
  lines.on("line", (line) => {
    said.push(line);
    if (said.length > 50) said.shift();
  });
  const [debugUrl, url] = await Promise.all([found(/^Debugger listening on (\S+)/), found(/^serving (\S+)/)]);
  const debug = await debuggerAt(debugUrl);
  return {
    pid: child.pid,
    url,
    said,
    async heapMB() {
      await debug.ask("HeapProfiler.collectGarbage");
      const { usedSize } = await debug.ask("Runtime.getHeapUsage");
      return usedSize / 2 ** 20;
    },
    debug,
    /** Asks it to end; the exit code, or the signal that it took. */
    async stop() {
      debug.close();
      child.kill("SIGTERM");
      const [code, signal] = await exited;
      return code ?? signal;
    },
    kill: () => child.kill("SIGKILL"),
  };
}

async function debuggerAt(url) {
  const socket = new WebSocket(url);
  await once(socket, "open");
  const waiting = new Map();
  socket.on("message", (data) => {
    const { id, result } = JSON.parse(String(data));
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  let last = 0;
  return {
    ask: (method, params = {}) =>
      new Promise((resolve) => {
        waiting.set(++last, resolve);
        socket.send(JSON.stringify({ id: last, method, params }));
      }),
    close: () => socket.close(),
  };
}
