import { inspect } from "node:util";
import { expect, it } from "vitest";
import { inferTransport } from "../../src/infer/infer.js";
import { StdioTransport } from "../../src/transports/stdio.js";
import { closing } from "../support/fixtures.js";

it.each([
  ["http://127.0.0.1:1/mcp?key=secret-of-url", "http"],
  ["http://127.0.0.1:1/sse", "sse"],
  ["ws://127.0.0.1:1/", "ws"],
])("a transport to %s shows its kind, its target and its state, and no secret", (url, kind) => {
  const transport = closing(
    inferTransport(url, { name: "accounts", headers: { "x-key": "secret-of-headers" } }),
  );
  const shown = inspect(transport);
  expect(shown).toContain("name: 'accounts'");
  expect(shown).toContain(`kind: '${kind}'`);
  expect(shown).toMatch(/target: '.*127\.0\.0\.1:1/);
  expect(shown).toContain("state: 'idle'");
  expect(shown).not.toContain("secret-of");
});

it("a transport shows its state as it changes, and its own class", async () => {
  const transport = new StdioTransport({
    command: "node",
    args: ["secret-of-args"],
    env: { KEY: "secret-of-env" },
  });
  expect(inspect(transport)).toBe("StdioTransport { name: 'node', kind: 'stdio', state: 'idle' }");
  await transport.close();
  expect(inspect([transport])).toContain("state: 'closed'");
});
