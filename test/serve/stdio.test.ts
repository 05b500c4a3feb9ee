import { fileURLToPath } from "node:url";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { describe, expect, it } from "vitest";
import { CLIENTS } from "../support/clients.js";
import { doorContract } from "../support/door-contract.js";
import { fixture, lives, stdioFixture, until } from "../support/fixtures.js";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** Each host starts a process of its own. */
doorContract("holdfast serve on stdio", async (_transport, { args: [server], env }) => () => {
  const variables = Object.entries(env).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
  const command = ["serve", ...variables, "--", process.execPath, fixture(server!)];
  return new StdioClientTransport({
    command: process.execPath,
    args: [main, ...command],
    stderr: "ignore",
  });
});

describe("the end of holdfast serve on stdio", () => {
  async function host() {
    const { log, did } = stdioFixture();
    const args = [
      "serve",
      "--env",
      `FIXTURE_LOG=${log}`,
      "--",
      process.execPath,
      fixture("stdio-server.mjs"),
    ];
    const wire = new StdioClientTransport({
      command: process.execPath,
      args: [main, ...args],
      stderr: "ignore",
    });
    return { client: await CLIENTS["SDK 2"](wire), pid: wire.pid!, did };
  }

  it("a signal lets what runs be answered", async () => {
    const { client, pid } = await host();
    let begun = false;
    const onprogress = () => {
      begun = true;
    };
    const counted = client.call("count", { steps: 3, ms: 200 }, { onprogress });
    await until(() => begun);
    process.kill(pid, "SIGTERM");
    expect(await counted).toBe("counted");
    await until(() => !lives(pid) && client.closed());
  });

  it("comes with the end of stdin, and no process of the server is left", async () => {
    const { client, pid, did } = await host();
    await client.call("echo", { message: "x" });
    const servers = did().map((line) => Number(line.replace("start ", "")));
    await client.close();
    await until(() => ![pid, ...servers].some(lives));
    expect(servers).toHaveLength(1);
  });
});
