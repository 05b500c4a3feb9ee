import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { type AddressInfo, createServer } from "node:net";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";

/** The reference server, which we did not write. */
export const everything = createRequire(import.meta.url).resolve(
  "@modelcontextprotocol/server-everything/dist/index.js",
);

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** The reference server over Streamable HTTP or SSE, as a process that can be killed and started again. */
export async function everythingHttp(port?: number, mode: "streamableHttp" | "sse" = "streamableHttp") {
  const where = port ?? (await freePort());
  const start = async () => {
    const child = spawn(process.execPath, [everything, mode], {
      env: { ...process.env, PORT: String(where) },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const lines = createInterface({ input: child.stderr });
    for await (const line of lines) if (/listening|running on port/.test(line)) break;
    lines.close();
    return child;
  };
  let child = await start();
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  onTestFinished(stop);
  const restart = async () => {
    await stop();
    child = await start();
  };
  return {
    url: `http://127.0.0.1:${where}/${mode === "sse" ? "sse" : "mcp"}`,
    port: where,
    stop,
    restart,
    pid: () => child.pid!,
  };
}
