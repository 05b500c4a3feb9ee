import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { expect, it } from "vitest";
import { CLIENTS } from "../support/clients.js";
import { fixture, lives, stdioFixture, until } from "../support/fixtures.js";
import { serveProcess } from "../support/serve-process.js";
import { temporary } from "../support/temporary.js";

/** A client whose sockets are not kept: what is written to one of a process that is dead must not be repeated. */
const reached = (url: URL) =>
  new StreamableHTTPClientTransport(url, { requestInit: { headers: { connection: "close" } } });

it.each(["SDK 1", "SDK 2", "SDK 2, modern"] as const)(
  "a serve that is killed and started anew costs a client of the %s nothing, and leaves no server",
  async (kind) => {
    const { did, log } = stdioFixture();
    const key = join(temporary(), "key");
    writeFileSync(key, randomBytes(16).toString("hex"), { mode: 0o600 });
    const server = ["--env", `FIXTURE_LOG=${log}`, "--", process.execPath, fixture("stdio-server.mjs")];
    const at = (host: string) => ["--http", host, "--session-key-file", key, "--inspect", ...server];
    const first = await serveProcess(at("127.0.0.1:0"));
    const page = first.said.map((line) => /^inspector (http\S+)/.exec(line)?.[1]).find((url) => url);
    expect((await fetch(page!, { headers: { connection: "close" } })).status).toBe(200);
    const client = await CLIENTS[kind](reached(first.url), { asks: "me" });
    expect(await client.call("echo", { message: "before" })).toBe("Echo: before");
    await first.kill();
    await until(() => !did().some((line) => line.startsWith("start ") && lives(Number(line.slice(6)))));
    await serveProcess(at(first.url.host));
    expect(await client.call("echo", { message: "after" })).toBe("Echo: after");
    expect(JSON.parse(await client.call("ask", { what: "elicitation" })).content).toEqual({ name: "me" });
    expect(client.closed()).toBe(false);
  },
);
