import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, parse } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLIENTS, type Place } from "../../src/config/clients.js";
import { clientFiles } from "../../src/config/known.js";
import { readConfig } from "../../src/config/load.js";
import { updateConfigFile } from "../../src/config/write.js";

/** A file of each client in the form in which it writes one. */
const FIXTURES = join(import.meta.dirname, "../fixtures/clients");
const files = readdirSync(FIXTURES);

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "holdfast-clients-"));
  writeFileSync(join(directory, "vars.env"), "FROM_FILE=yes\n");
  for (const file of files) {
    const text = readFileSync(join(FIXTURES, file), "utf8");
    writeFileSync(join(directory, file), text.replaceAll("ENV_FILE", join(directory, "vars.env")));
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const options = {
  variables: { KEY: "k" },
  inputs: (id: string) => `answer of ${id}`,
};
const read = (file: string) => readConfig(join(directory, file), options);
const npx = { command: "npx", args: ["-y", "server-files"] };
const docs = { url: "https://docs.example/mcp" };
const keyed = { headers: { "X-Key": "k" } };

interface Expected {
  /** All servers that are used, with what is read of each. */
  servers: Record<string, object>;
  /** What is told of those that are not, by path. */
  wrong?: Record<string, RegExp>;
  /** The paths of what is said in vain. */
  warned?: string[];
}

const EXPECTED: Record<string, Expected> = {
  "claude.json": {
    servers: {
      files: { ...npx, args: ["-y", "server-files", join(homedir(), "Documents")], env: { LEVEL: "3" } },
    },
  },
  "claude-code.json": {
    servers: {
      files: { ...npx, transport: "stdio", env: { KEY: "k" } },
      docs: { ...docs, transport: "http", auth: "oauth", oauth: { clientId: "me", callbackPort: 8123 } },
    },
    wrong: { "mcpServers.helped.headersHelper": /not supported/ },
  },
  "cursor.json": {
    servers: {
      files: {
        command: join(homedir(), "bin/server"),
        args: ["--folder", process.cwd(), join(homedir(), "notes")],
        env: { FROM_FILE: "yes" },
      },
      docs: {
        ...docs,
        ...keyed,
        auth: "oauth",
        oauth: { clientId: "me", clientSecret: "canary", scopes: ["read"] },
      },
    },
  },
  "vscode.jsonc": {
    servers: {
      files: {
        command: "node",
        args: [`${process.cwd()}/s.mjs`],
        cwd: process.cwd(),
        env: { FROM_FILE: "yes" },
      },
      docs: { ...docs, headers: { Authorization: "Bearer answer of token" } },
    },
    warned: ["servers.files.sandboxEnabled", "servers.files.dev"],
  },
  "windsurf.json": {
    servers: {
      files: { ...npx, disabledTools: ["remove"] },
      docs: { url: "https://docs.example/sse", ...keyed },
    },
    wrong: { "mcpServers.secret.headers.X-Key": /\$\{file:…} is not supported/ },
  },
  "gemini.json": {
    servers: {
      files: {
        command: "python",
        args: ["-m", "server"],
        timeout: 30_000,
        includeTools: ["read"],
        excludeTools: ["remove"],
      },
      docs: {
        url: "https://docs.example/sse",
        transport: "http",
        auth: "oauth",
        oauth: { clientId: "me", scopes: ["read"] },
      },
    },
    wrong: { "mcpServers.google.authProviderType": /no such provider/ },
    warned: ["mcpServers.docs.oauth.tokenUrl"],
  },
  "goose.yaml": {
    servers: {
      files: { ...npx, timeout: 300_000, env: { LEVEL: "3", KEY: "k" } },
      docs: { ...docs, ...keyed, transport: "http", timeout: 300_000 },
    },
    warned: ["extensions.developer", "extensions.files.env_keys"],
  },
  "cline.json": {
    servers: {
      files: { ...npx, timeout: 3_600_000 },
      docs: { ...docs, transport: "http", timeout: 60_000 },
      old: { url: "https://old.example/mcp", transport: "sse" },
    },
  },
  "roo.json": {
    servers: {
      files: { ...npx, disabledTools: ["remove"], timeout: 15_000 },
      docs: { ...docs, ...keyed, transport: "http" },
    },
    warned: ["mcpServers.files.watchPaths"],
  },
  "zed.jsonc": {
    servers: { files: npx, older: { command: "older", args: ["--stdio"] }, docs: { ...docs, ...keyed } },
    warned: ["context_servers.older.settings", "context_servers.postgres"],
  },
  "opencode.jsonc": {
    servers: {
      files: { ...npx, env: { KEY: "k" }, timeout: 5_000, disabledTools: ["remove"] },
      docs: { ...docs, ...keyed, auth: "oauth", oauth: { clientId: "me", scopes: "read write" } },
    },
  },
  "codex.toml": {
    servers: {
      files: {
        ...npx,
        env: { LEVEL: "3", KEY: "k" },
        connectTimeout: 20_000,
        timeout: 60_000,
        enabledTools: ["read"],
        disabledTools: ["remove"],
      },
      docs: { ...docs, auth: "k", headers: { "X-One": "1", "X-Key": "k" } },
    },
  },
  "continue.yaml": {
    servers: {
      files: { ...npx, env: { KEY: "k" }, connectTimeout: 20_000 },
      docs: { ...docs, transport: "http", auth: "k", headers: { "X-One": "1" } },
    },
    warned: ["mcpServers.docs.requestOptions.verifySsl"],
  },
  "amp.json": {
    servers: {
      files: { ...npx, env: { KEY: "k" }, includeTools: ["read_*"] },
      docs: { ...docs, ...keyed, auth: "oauth", oauth: { clientId: "me", clientSecret: "canary" } },
    },
    warned: ["amp.mcpServers.docs.oauth.authUrl"],
  },
  "copilot.json": {
    servers: {
      files: { ...npx, transport: "stdio", timeout: 60_000 },
      docs: { ...docs, ...keyed, transport: "http", includeTools: ["read"] },
    },
  },
  "lmstudio.json": {
    servers: { files: { ...npx, timeout: 60_000 }, docs: { ...docs, headers: { "X-Number": "1" } } },
  },
  "jetbrains.json": {
    servers: { files: { ...npx, args: ["-y", "server-files", "3"], cwd: join(homedir(), "work") } },
  },
  "kiro.json": {
    servers: {
      files: { ...npx, env: { KEY: "k" }, disabledTools: ["remove"], timeout: 60_000 },
      docs: {
        ...docs,
        auth: "oauth",
        oauth: { callbackHost: "127.0.0.1", callbackPort: 7778, scopes: ["read"] },
      },
    },
  },
  "amazon-q.json": {
    servers: {
      files: { ...npx, timeout: 120_000, disabledTools: ["remove"] },
      docs: { ...docs, transport: "http", auth: "oauth", oauth: { scopes: ["read"] } },
    },
  },
  "warp.json": {
    servers: { files: { ...npx, cwd: join(homedir(), "work") }, docs: { ...docs, ...keyed } },
  },
};

describe("the file of each client", () => {
  for (const file of files)
    it(`${file} is read as its client means it`, () => {
      const expected = EXPECTED[file]!;
      const { servers, misconfigured, warnings } = read(file);
      expect(servers).toMatchObject(expected.servers);
      expect(Object.keys(servers)).toEqual(Object.keys(expected.servers));
      const problems = Object.values(misconfigured).flat();
      expect(problems.map(({ path }) => path)).toEqual(Object.keys(expected.wrong ?? {}));
      for (const { path, message } of problems) expect(message).toMatch(expected.wrong![path]!);
      expect(warnings.map(({ path }) => path)).toEqual(expected.warned ?? []);
      expect(JSON.stringify([problems, warnings])).not.toContain("canary");
    });

  it("is read under any ending, too", () => {
    for (const file of files) {
      const path = join(directory, parse(file).name);
      writeFileSync(path, readFileSync(join(directory, file)));
      expect(readConfig(path, options).servers, file).toEqual(read(file).servers);
    }
  });

  it("is found where its client keeps it", () => {
    for (const file of files) {
      const { name } = parse(file);
      const home = join(directory, "homes", name);
      const place: Place = { home, cwd: join(home, "work"), platform: "linux", env: {} };
      mkdirSync(place.cwd, { recursive: true });
      const [path] = CLIENTS[name]!.user(place);
      mkdirSync(parse(path!).dir, { recursive: true });
      writeFileSync(path!, readFileSync(join(directory, file)), { mode: 0o600 });
      const [server] = Object.keys(EXPECTED[file]!.servers);
      expect(
        clientFiles(name, server, place).map((found) => found.path),
        name,
      ).toEqual([path]);
    }
  });

  it("has a row in the documentation, and each row has a file", () => {
    const text = readFileSync(join(import.meta.dirname, "../../docs/config.md"), "utf8");
    const rows = [...text.matchAll(/^\| [^|]+ \| `([a-z-]+)` \| `/gm)].map(([, client]) => client);
    expect(rows.toSorted()).toEqual(Object.keys(CLIENTS).toSorted());
    expect(rows.toSorted()).toEqual(files.map((file) => parse(file).name).toSorted());
  });

  it("is not written over where it is no JSON, or lists its servers", async () => {
    for (const [file, why] of [
      ["codex.toml", /is TOML/],
      ["continue.yaml", /is YAML/],
    ] as const)
      await expect(updateConfigFile(join(directory, file), "x", { command: "x" })).rejects.toThrow(why);
    const listed = join(directory, "listed.json");
    writeFileSync(listed, '{ "mcpServers": [{ "name": "a", "command": "a" }] }');
    await expect(updateConfigFile(listed, "x", { command: "x" })).rejects.toThrow(/lists its servers/);
  });
});
