import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { memoryStore } from "../../src/auth/store/memory.js";
import { MCPConfigTransport } from "../../src/composite/config-transport.js";
import { descendants } from "../support/descendants.js";
import { stopTime } from "../support/fake-timers.js";
import { closing, fixture, until } from "../support/fixtures.js";
import { oneOrigin } from "../support/one-origin.js";
import { signInWorld } from "../support/sign-in-world.js";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const local = { command: process.execPath, args: [fixture("stdio-server.mjs")] };

function directory() {
  const made = mkdtempSync(join(tmpdir(), "holdfast-login-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

function configFile(mcpServers: object) {
  const path = join(directory(), "mcp.json");
  writeFileSync(path, JSON.stringify({ mcpServers }));
  return path;
}

/** The built command line, with one store for all its runs, as a person's machine has. */
function machine() {
  const store = directory();
  const start = (...args: string[]) => {
    const child = spawn(process.execPath, [main, ...args], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, HOLDFAST_STORE: store },
    });
    const seen = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      child[name].on("data", (chunk) => {
        seen[name] += chunk;
      });
    const done = once(child, "close").then(([code]) => ({ ...seen, code: code as number }));
    return { child, seen, done };
  };
  return {
    store,
    start,
    run: (...args: string[]) => start(...args).done,
    /** Begins a sign-in without a browser, until it shows the page. */
    async login(...args: string[]) {
      const login = start("login", "--no-browser", ...args);
      const shown = () => /^http\S+authorize\S+$/m.exec(login.seen.stderr)?.[0];
      await until(() => shown() !== undefined);
      return { ...login, page: new URL(shown()!) };
    },
    /** Everything secret that is stored. */
    secrets() {
      const files = readdirSync(store).filter((name) => name.endsWith(".json"));
      return files.flatMap((name) => {
        const { credentials } = JSON.parse(readFileSync(join(store, name), "utf8"));
        return credentials.flatMap(({ tokens }: { tokens?: Record<string, string> }) =>
          tokens ? [tokens["access_token"]!, tokens["refresh_token"]!] : [],
        );
      });
    },
  };
}

describe("holdfast login", () => {
  it("signs in once for all later runs, and logout ends that", async () => {
    const { auth, server } = await signInWorld();
    const { run, login, secrets } = machine();
    const command = `needs sign-in. Run: holdfast login ${server.url}`;

    const before = await run("status", "--json", server.url);
    expect(before).toMatchObject({ code: 3, stderr: expect.stringContaining(command) });
    expect(JSON.parse(before.stdout)).toMatchObject({
      code: "AUTH_REQUIRED",
      hint: `holdfast login ${server.url}`,
    });
    // Nobody registers a program that nobody signs in with.
    expect(auth.counts.registrations).toBe(0);

    const first = await login(server.url);
    first.child.stdin.write(`${await auth.approve(first.page)}\n`);
    const signedIn = await first.done;
    expect(signedIn).toMatchObject({ code: 0 });
    expect(signedIn.stdout).toMatch(/^signed in to http\S+\/mcp \(scope: mcp; until 20\S+Z, then renewed/);

    const [status, tools, again] = await Promise.all([
      run("status", server.url),
      run("tools", server.url),
      run("login", server.url),
    ]);
    expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining("4 tools") });
    expect(tools).toMatchObject({ code: 0, stdout: expect.stringContaining("echo") });
    expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^already signed in to /) });
    const json = JSON.parse((await run("login", server.url, "--json")).stdout);
    expect(json).toEqual([
      {
        server: json[0].server,
        state: "already-signed-in",
        scope: "mcp",
        expiresAt: json[0].expiresAt,
        renewed: true,
      },
    ]);
    expect(Date.parse(json[0].expiresAt)).toBeGreaterThan(Date.now());
    expect(auth.counts.token.authorization_code).toBe(1);

    const kept = secrets();
    const out = await run("logout", server.url);
    expect(out).toMatchObject({ code: 0, stdout: expect.stringContaining("removed the tokens") });
    expect(out.stderr).toContain("has revoked the refresh token");
    expect(await run("logout", server.url)).toMatchObject({ stdout: expect.stringContaining("nothing was") });
    const [none] = JSON.parse((await run("logout", server.url, "--json")).stdout);
    expect(none).toEqual({ server: json[0].server, removed: [] });
    const after = await run("tools", server.url);
    expect(after).toMatchObject({ code: 3, stdout: "", stderr: expect.stringContaining(command) });

    expect(kept).toHaveLength(2);
    const said = [before, signedIn, status, tools, again, out, after].flatMap(({ stdout, stderr }) => [
      stdout,
      stderr,
    ]);
    for (const secret of kept) for (const text of said) expect(text).not.toContain(secret);
  });

  it("tells who asks and where the page is, and opens none on another site unless that is allowed", async () => {
    const { origin } = await oneOrigin({ authorization_endpoint: "http://localhost:9/authorize" });
    const { login, run } = machine();
    const refused = await run("login", "--no-browser", `${origin}/mcp`);
    expect(refused).toMatchObject({ code: 3, stdout: "" });
    expect(refused.stderr).toContain("holdfast login --page-host localhost:9");
    const narrow = ["--strict-resource", "--page-host", "localhost:9"];
    const strict = await run("login", "--no-browser", ...narrow, `${origin}/mcp`);
    expect(strict).toMatchObject({ code: 3, stderr: expect.stringContaining("to be good for") });
    const { child, seen, done } = await login("--page-host", "localhost:9", `${origin}/mcp`);
    expect(seen.stderr).toContain(`${origin}/mcp wants you to sign in at localhost:9.\n`);
    expect(seen.stderr).toContain("The page is at localhost:9, another site than");
    child.kill("SIGINT");
    await done;
  });

  it("takes the browser's own return, too", async () => {
    const { auth, server } = await signInWorld();
    const { login } = machine();
    const { page, done } = await login(server.url);
    const response = await fetch(await auth.approve(page));
    expect(await response.text()).toContain("You are signed in");
    expect(await done).toMatchObject({ code: 0, stdout: expect.stringMatching(/^signed in to /) });
  });

  it("says what is wrong with what was pasted, and exits with 3", async () => {
    const { server } = await signInWorld();
    const { login, run } = machine();
    for (const [pasted, why] of [
      ["nonsense", "what was pasted is no address"],
      ["http://127.0.0.1:1/callback?code=a&state=b", "is not the answer to this sign-in"],
    ] as const) {
      const { child, done } = await login(server.url);
      child.stdin.write(`${pasted}\n`);
      expect(await done).toMatchObject({ code: 3, stdout: "", stderr: expect.stringContaining(why) });
    }
    expect(await run("status", server.url)).toMatchObject({ code: 3 });
  });

  it("leaves nothing behind on Ctrl-C", async () => {
    const { server } = await signInWorld();
    const { login, secrets } = machine();
    const { child, page, done } = await login(server.url);
    child.kill("SIGINT");
    expect((await done).code).toBe(130);
    await expect(fetch(page.searchParams.get("redirect_uri")!)).rejects.toThrow();
    expect(descendants().filter((line) => line.includes("login"))).toEqual([]);
    expect(secrets()).toEqual([]);
  });

  it("asks for more where more is wanted than was got", async () => {
    const { auth, server } = await signInWorld();
    const { login } = machine();
    for (const scope of ["mcp", "mcp mcp:write"]) {
      const { child, page, done } = await login(server.url, "--scope", scope);
      child.stdin.write(`${await auth.approve(page)}\n`);
      expect((await done).stdout).toContain(`(scope: ${scope};`);
    }
  });

  it("signs in as a client that is known, which later runs need not name", async () => {
    const redirect = "http://127.0.0.1/callback";
    const clients = [
      {
        client_id: "desk",
        client_secret: "a-secret-of-the-desk",
        redirect_uris: [redirect],
        application_type: "native" as const,
        grant_types: ["authorization_code", "refresh_token"],
      },
    ];
    const { auth, server } = await signInWorld({ auth: { clients, registration: false } });
    const { login, run } = machine();
    process.env["HOLDFAST_CLIENT_SECRET"] = "a-secret-of-the-desk";
    onTestFinished(() => void delete process.env["HOLDFAST_CLIENT_SECRET"]);
    const { child, page, done } = await login(server.url, "--client-id", "desk");
    delete process.env["HOLDFAST_CLIENT_SECRET"];
    expect(page.searchParams.get("client_id")).toBe("desk");
    child.stdin.write(`${await auth.approve(page)}\n`);
    expect(await done).toMatchObject({ code: 0 });
    expect(await run("tools", server.url)).toMatchObject({ code: 0 });
    expect(await run("login", server.url)).toMatchObject({ stdout: expect.stringMatching(/^already/) });
    expect(await run("logout", server.url)).toMatchObject({ stderr: expect.stringContaining("has revoked") });
  });

  it("says what is no target for it, and exits with 2", async () => {
    const { run } = machine();
    const path = configFile({ local, open: { url: "http://127.0.0.1:1/mcp", auth: "a-token-of-its-own" } });
    for (const [args, why] of [
      [["login", "server.py"], "neither the URL of a server, nor a config"],
      [["login", path], "is to be signed in to"],
      [["login", path, "--server", "none"], 'has no server "none"; it has: local, open'],
      [["logout", path, "--server", "open"], "open is to be signed in to"],
      [["login", "http://127.0.0.1:1/mcp", "--callback-port", "x"], "expected a port"],
    ] as const) {
      expect(await run(...args)).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(why) });
    }
  });

  it("leaves what a server says untouched that offers no sign-in", async () => {
    const http = createServer((_request, response) => response.writeHead(401).end()).listen(0, "127.0.0.1");
    await once(http, "listening");
    onTestFinished(() => void http.close());
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`;
    const { code, stderr } = await machine().run("status", url);
    expect(code).toBe(3);
    expect(stderr).toContain("names no authorization server where one could sign in");
    expect(stderr).not.toContain("holdfast login");
  });
});

describe("a config with a server that needs sign-in", () => {
  it("answers at once with the others, and names the command", async () => {
    const { auth, server } = await signInWorld();
    const { login, run } = machine();
    const path = configFile({
      local,
      weather: { url: server.url },
      feed: { url: server.sseUrl, auth: "oauth" },
    });
    const helps = `holdfast login ${path} --server weather`;

    const tools = await run("tools", path);
    expect(tools).toMatchObject({ code: 0, stdout: expect.stringContaining("local_echo") });
    expect(tools.stdout).not.toContain("weather");
    expect(tools.stderr).toContain(`weather: needs sign-in. Run: ${helps}`);

    const status = await run("status", path);
    expect(status.stdout).toMatch(new RegExp(`^weather +needs sign-in +${helps}$`, "m"));
    const json = JSON.parse((await run("status", "--json", path)).stdout);
    expect(json.servers.weather).toMatchObject({ code: "AUTH_REQUIRED", hint: helps });
    expect(json.servers.local).not.toHaveProperty("hint");

    const one = await login(path, "--server", "weather");
    one.child.stdin.write(`${await auth.approve(one.page)}\n`);
    expect(await one.done).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^signed in to weather \(/),
    });
    expect((await run("tools", path)).stdout).toContain("weather_echo");

    // The first is there already: only the second asks.
    const rest = await login(path);
    rest.child.stdin.write(`${await auth.approve(rest.page)}\n`);
    expect((await rest.done).stdout).toMatch(/^already signed in to weather .*\nsigned in to feed /);
    expect((await run("tools", path)).stdout).toContain("feed_echo");
  });
});

describe("a composite whose server waits for a person", () => {
  it("opens without it, and shows it once the person has signed in", async () => {
    const { auth, server } = await signInWorld();
    let page: URL | undefined;
    const onAuthorize = (url: URL) => {
      page = url;
      return undefined;
    };
    const transport = closing(
      new MCPConfigTransport({
        config: { mcpServers: { local, weather: { url: server.url, auth: "oauth" } } },
        oauth: { store: memoryStore(), onAuthorize },
      }),
    );
    // The deadline of the start does not come: it opens because nobody else is waited for.
    stopTime();
    const changed: string[] = [];
    await transport.withSession(
      async (session) => {
        const names = async () => (await session.listTools()).tools.map(({ name }) => name);
        expect(await names()).toContain("local_echo");
        await until(() => page !== undefined);
        expect(transport.health).toBe("degraded");
        expect(transport.servers["weather"]).toMatchObject({ detail: "authorizing" });
        await (await fetch(await auth.approve(page!))).text();
        await until(() => changed.includes("notifications/tools/list_changed"));
        await until(async () => (await names()).includes("weather_echo"));
      },
      { onNotification: ({ method }) => void changed.push(method) },
    );
  });

  it("waits for it where there is no other, and then opens with nothing", async () => {
    const { server } = await signInWorld();
    const transport = closing(
      new MCPConfigTransport({
        config: {
          mcpServers: { dead: { command: "no-such-command" }, weather: { url: server.url, auth: "oauth" } },
        },
        oauth: { store: memoryStore(), onAuthorize: () => undefined },
        startTimeoutMs: 1_500,
      }),
    );
    const began = performance.now();
    await transport.withSession(async (session) => {
      expect(performance.now() - began).toBeGreaterThan(1_400);
      expect((await session.listTools()).tools).toEqual([]);
    });
    const strict = closing(
      new MCPConfigTransport({
        config: { mcpServers: { local, weather: { url: server.url, auth: "oauth" } } },
        oauth: { store: memoryStore(), onAuthorize: () => undefined },
        startTimeoutMs: 1_500,
        strict: true,
      }),
    );
    await expect(strict.connect()).rejects.toThrow("weather: waits for a person to sign in");
  });
});
