import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { approving } from "./browser.js";
import { freePort } from "./everything.js";
import { fixture } from "./fixtures.js";

/** A FastMCP for Python that is its own authorization server, as a process. Needs `fastmcp` (see peers.ts). */
export async function fastmcpOAuth(options: { port?: number; accessTokenSeconds?: number } = {}) {
  const port = options.port ?? (await freePort());
  const args = [fixture("fastmcp-oauth-server.py"), String(port)];
  if (options.accessTokenSeconds !== undefined) args.push(String(options.accessTokenSeconds));
  const child = spawn("python3", args, {
    env: { ...process.env, FASTMCP_CHECK_FOR_UPDATES: "off" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  onTestFinished(stop);
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      said.push(line);
      if (/running on/.test(line)) resolve();
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`FastMCP did not start: ${said.join("\n")}`)));
  });
  const issuer = `http://127.0.0.1:${port}`;
  return { url: `${issuer}/mcp`, port, issuer, approve: approving(issuer), said, stop };
}
