import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { fixture } from "../support/fixtures.js";
import { BUNDLERS, expectTools, LISTING_PROGRAM } from "../support/one-file.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const exec = promisify(execFile);

/** The README's program, with a target of this machine. */
function readmeProgram(): string {
  const code = /```js\n(import \{ inferTransport[\s\S]*?)```/.exec(
    readFileSync(join(root, "README.md"), "utf8"),
  )![1]!;
  return code.replace('"mcp.json"', JSON.stringify(fixture("stdio-server.mjs")));
}

const CONSUMER = `
import {
  Client, ClientTransport, type ConnectionEvent, FastMCPTransport, HoldfastError, inferTransport, isHoldfastError, MemoryTransport,
  FastMCPStdioTransport, loadConfig, MCPConfigTransport, NodeStdioTransport, parseConfig, NpxStdioTransport, PythonStdioTransport, type Session, SSETransport,
  StdioTransport, StreamableHttpTransport, toolData, UvStdioTransport, UvxStdioTransport, WSTransport,
} from "holdfast";
import type {
  ElicitAnswer, EveryServerOptions, Failure, FileStore, KindDefaults, ProcessOptions, RemoteOptions, Resource, ServerConfig, StoredKey, ToolTransform, Variables, Wire,
} from "holdfast";
import { createInspector, fromRecording, type InspectionEvent } from "holdfast/inspect";
import { type HttpOptions, serve, type Served } from "holdfast/serve";
import { examine, FakeServer, inject, lifecycleSuite, type Report, SocketProxy } from "holdfast/testing";

class Own extends ClientTransport {
  constructor() { super({ replay: "never" }, { kind: "own", name: "own" }); }
  protected override openWire() { return new StdioTransport({ command: "x" }).connectSession().then((s) => s.transport!); }
  override fork() { return new Own(); }
}
export const transports: ClientTransport[] = [
  inferTransport("https://example.com"), new Own(), new FastMCPTransport({ server: async () => ({ connect: async () => {} }) }),
  new MemoryTransport({ server: { connect: async () => {} } }), new NodeStdioTransport({ scriptPath: "a.js" }),
  new StreamableHttpTransport({ url: "https://example.com", auth: async () => "t", tls: { rejectUnauthorized: true } }),
  new SSETransport({ url: "https://example.com/sse", proxy: false }), new WSTransport({ url: "wss://example.com", heartbeat: { intervalMs: 5 } }),
  new PythonStdioTransport({ scriptPath: "a.py", logFile: "a.log" }), new FastMCPStdioTransport({ scriptPath: "a.py", args: [] }),
  new UvStdioTransport({ command: "x", withPackages: ["y"] }), new UvxStdioTransport({ toolName: "x", env: { A: "1" } }),
  new NpxStdioTransport({ package: "x", stderr: "inherit" }), inferTransport({ mcpServers: { a: { command: "x" } } }, { strict: true }),
  new MCPConfigTransport({ config: parseConfig({ a: { command: "x" } }), toolName: (server, name) => server + name, watch: false }),
];
export type Named = [ElicitAnswer, EveryServerOptions, FileStore, KindDefaults, ProcessOptions, RemoteOptions, Resource, ServerConfig, StoredKey, ToolTransform, Variables];
export const why = (wire: Wire): Failure | undefined => wire.failure;
export const recorded = (text: string): readonly InspectionEvent[] => fromRecording(text);
export const inspector = createInspector({ port: 0 });
export const door = (session: Session): Promise<void> => new Client({ name: "x", version: "1" }).connect(session.asTransport());
const http: HttpOptions = { port: 0, allowedHosts: ["x.example"] };
export const served: Promise<Served>[] = [serve(transports[0]!, { http }), serve(transports[0]!, { stdio: true })];
const server = new FakeServer([{ name: "x" }]).on("tools/call", () => ({ content: [] }));
export const suite: Promise<void>[] = lifecycleSuite((options) => server.transport(options)).map(({ run }) => run());
export const report: Promise<Report> = examine(() => new Own(), { runs: 1, only: ["scope"] });
export const proxied = SocketProxy.to("http://127.0.0.1:1").then((proxy) => proxy.through("http://127.0.0.1:1/mcp"));
inject(transports[0]!, { attempts: [{ opens: "late", faults: [{ kind: "kill", direction: "out", nth: 0 }] }] }).kill();
export async function use(session: Session): Promise<string | undefined> {
  const client: Client = session;
  await session.callTool({ name: "x" }, { replay: "safe", timeout: 5 });
  await client.listTools();
  const config = await loadConfig("x.json", { inputs: async (id) => id });
  for (const server of Object.values(config.servers)) if ("url" in server) client.listTools({ cursor: server.url });
  const data: unknown = await toolData(session, "x", { a: 1 }, { replay: "never" });
  if (data === undefined) return;
  const roots: void = await session.setRoots(["/"]);
  await using other = await transports[0]!.connectSession({ sampling: ({ messages }) => String(messages.length), elicitation: { form: () => ({}) }, roots: () => [] });
  other.onclose = () => roots;
  transports[0]!.subscribe((status, event: ConnectionEvent) => event.type === "transition" && event.to + status.epoch);
  try { await session.ping(); } catch (error) {
    if (isHoldfastError(error, "CONNECTION_LOST")) return error.outcome;
    if (error instanceof HoldfastError && error.code === "SESSION_CLOSED") return error.server;
  }
  return session.connection.status.lastError?.code;
}
`;

describe("the package, installed in an empty project", () => {
  let directory: string;
  let tarball: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "holdfast-packed-"));
    const { stdout } = await exec(
      "npm",
      ["pack", "--ignore-scripts", "--silent", "--pack-destination", directory],
      { cwd: root },
    );
    tarball = join(directory, stdout.trim());
    writeFileSync(
      join(directory, "package.json"),
      JSON.stringify({ name: "consumer", private: true, type: "module" }),
    );
    const wanted = [
      `./${stdout.trim()}`,
      "@modelcontextprotocol/client@^2.4.0",
      "@modelcontextprotocol/sdk@^1.32.2",
      "zod@4",
      "fast-check@4",
      "typescript@5.9",
      "@types/node@20",
      "esbuild",
      "vite@8",
    ];
    const flags = ["--ignore-scripts", "--no-audit", "--no-fund"];
    await exec("npm", ["install", ...flags, ...wanted], { cwd: directory });
  }, 600_000);
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it("runs the README's lines", async () => {
    writeFileSync(join(directory, "readme.mjs"), readmeProgram());
    const { stdout } = await exec(process.execPath, ["readme.mjs"], { cwd: directory });
    expect(stdout).toContain("'echo'");
    expect(stdout).toContain("Echo: hello");
  });

  it("has its command line", async () => {
    const { stdout } = await exec("npx", ["--no-install", "holdfast", "tools", fixture("stdio-server.mjs")], {
      cwd: directory,
    });
    expect(stdout).toContain("echo");
  });

  it("compiles in a strict TypeScript program: skipLibCheck off, exactOptionalPropertyTypes on", async () => {
    writeFileSync(join(directory, "consumer.ts"), CONSUMER);
    const flags = [
      "--noEmit",
      "--strict",
      "--skipLibCheck",
      "false",
      "--exactOptionalPropertyTypes",
      "--module",
      "nodenext",
      "--target",
      "es2022",
      "--lib",
      "es2023,esnext.disposable,dom",
      "--types",
      "node",
    ];
    const { stdout } = await exec("npx", ["--no-install", "tsc", ...flags, "consumer.ts"], {
      cwd: directory,
    }).catch((error) => error);
    expect(stdout).toBe("");
  }, 600_000);

  it.each(BUNDLERS)("works as a program of $bundler, in an empty folder", async ({ program, script }) => {
    writeFileSync(join(directory, "entry.mjs"), LISTING_PROGRAM);
    writeFileSync(join(directory, "build.mjs"), script);
    const alone = mkdtempSync(join(tmpdir(), "holdfast-alone-"));
    onTestFinished(() => rmSync(alone, { recursive: true, force: true }));
    await exec(process.execPath, ["build.mjs", alone], { cwd: directory });
    // Vite's folder names no kind of module.
    if (program.endsWith(".js")) writeFileSync(join(alone, "package.json"), '{ "type": "module" }');
    await expectTools(alone, program);
  });

  it("brings an agent no more than 45 packages: no test kit, no opener of browsers, no script at its installation", async () => {
    const agent = mkdtempSync(join(tmpdir(), "holdfast-agent-"));
    onTestFinished(() => rmSync(agent, { recursive: true, force: true }));
    writeFileSync(join(agent, "package.json"), JSON.stringify({ name: "agent", private: true }));
    const wanted = [tarball, "@modelcontextprotocol/client@^2.4.0"];
    await exec("npm", ["install", "--no-audit", "--no-fund", ...wanted], { cwd: agent });
    const { packages } = JSON.parse(readFileSync(join(agent, "node_modules/.package-lock.json"), "utf8"));
    const names = Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, ""));
    expect(names).toContain("@modelcontextprotocol/client");
    expect(names.length).toBeLessThanOrEqual(45);
    const unwanted = /^(fast-check|pure-rand|open|default-browser|https-proxy-agent|@napi-rs\/|@statelyai\/)/;
    expect(names.filter((name) => unwanted.test(name))).toEqual([]);
    expect(Object.entries<object>(packages).filter(([, entry]) => "hasInstallScript" in entry)).toEqual([]);
    // What needs more says what it needs.
    const check = ["--no-install", "holdfast", "check", fixture("stdio-server.mjs")];
    const { stderr, code } = await exec("npx", check, { cwd: agent }).then(
      () => ({ stderr: "", code: 0 }),
      (error: { stderr: string; code: number }) => error,
    );
    expect(stderr).toContain(
      "holdfast check needs the package fast-check: npm install --save-dev fast-check",
    );
    expect(code).toBe(2);
  }, 600_000);

  it("is small", async () => {
    const { stdout } = await exec("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: root });
    const [{ size }] = JSON.parse(stdout);
    // A third of it is the declarations, with what an editor shows.
    expect(size).toBeLessThan(600_000);
  });
});
