import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { oauth } from "../../src/auth/credentials/source.js";
import { fileStore } from "../../src/auth/store/file.js";
import { StreamableHttpTransport } from "../../src/transports/http.js";
import { fixture } from "../support/fixtures.js";
import { signInWorld } from "../support/sign-in-world.js";

it("a program that ends while a token is refreshed stays until the new one is stored", async () => {
  const { auth, server } = await signInWorld();
  const directory = mkdtempSync(join(tmpdir(), "holdfast-store-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const store = fileStore({ directory });
  const signIn = oauth({ store, onAuthorize: (url) => auth.approve(url) });
  const transport = new StreamableHttpTransport({ url: server.url, auth: signIn });
  await transport.withSession((session) => session.listTools());
  await transport.close();
  const [before] = await store.list(server.url);
  // Good for the server, and soon to expire as far as the program knows.
  const soon = { ...before!, savedAt: Date.now() - 3_600_000, expiresAt: Date.now() + 20_000 };
  await store.update(server.url, ({ save }) => save([soon]));
  // The answer comes when the program has nothing else to do.
  auth.setFault(async (request) => {
    if (request.url === "/token") await new Promise((resolve) => setTimeout(resolve, 1_500));
    return false;
  });
  const args = [fixture("calling-program.mjs"), server.url, directory, "0.2", "1"];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(JSON.parse(stdout)).toMatchObject({ failed: [], lost: [] });
  expect(auth.counts.token.refresh_token).toBe(1);
  const [after] = await store.list(server.url);
  expect(after!.tokens!.refresh_token).not.toBe(before!.tokens!.refresh_token);
});
