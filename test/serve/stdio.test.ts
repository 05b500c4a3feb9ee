import { fileURLToPath } from "node:url";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { doorContract } from "../support/door-contract.js";
import { fixture } from "../support/fixtures.js";

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
