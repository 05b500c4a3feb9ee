import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fixture } from "../support/fixtures.js";
import { post } from "../support/post.js";
import { serveProcess } from "../support/serve-process.js";
import { temporary } from "../support/temporary.js";

const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "x", version: "1" } };

describe.skipIf(process.platform !== "linux")("the key beside the credentials", () => {
  it("lets sessions go on after a restart of serve, until it is turned over", async () => {
    const data = temporary();
    const server = ["--", process.execPath, fixture("stdio-server.mjs")];
    const start = (address: string, ...more: string[]) =>
      serveProcess(["--http", address, ...more, ...server], { XDG_DATA_HOME: data });
    const first = await start("127.0.0.1:0");
    const shaken = await post(first.url, { id: 1, method: "initialize", params });
    await shaken.text();
    const session = { "mcp-session-id": shaken.headers.get("mcp-session-id")! };
    const ping = { id: 2, method: "ping" };
    await first.kill();
    const key = readFileSync(join(data, "holdfast", "serve-key"), "utf8");
    const again = await start(first.url.host);
    const gone = await post(again.url, ping, session);
    expect(gone.status).toBe(200);
    await gone.text();
    await again.kill();
    const anew = await start(first.url.host, "--new-key");
    expect((await post(anew.url, ping, session)).status).toBe(404);
    expect(readFileSync(join(data, "holdfast", "serve-key"), "utf8")).not.toBe(key);
  });
});
