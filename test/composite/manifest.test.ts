import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { defaultDirectory } from "../../src/auth/store/directory.js";
import { type Manifest, Manifests } from "../../src/composite/manifest.js";
import { readOffered } from "../../src/composite/offered.js";
import type { ServerConfig } from "../../src/config/server.js";
import { FakeMember } from "../support/fake-members.js";
import { rejection } from "../support/settling.js";
import { temporary } from "../support/temporary.js";

const manifest: Manifest = {
  lists: {
    tools: [
      { name: "b", inputSchema: { type: "object" } },
      { name: "a", inputSchema: { type: "object" } },
    ],
    prompts: [{ name: "p" }],
    resources: [{ uri: "note://a", name: "a", size: 5 }],
    resourceTemplates: [{ uriTemplate: "day://{d}", name: "d" }],
  },
  server: { name: "one", version: "1" },
  capabilities: { tools: {} },
  instructions: "be kind",
  era: "modern",
};
const x: ServerConfig = { command: "x" };

function manifests(config = "mcp.json", directory = join(temporary(), "deep", "manifests")) {
  const reports: string[] = [];
  const kept = new Manifests(directory, config, (message) => reports.push(message));
  const files = () => readdirSync(directory).map((name) => join(directory, name));
  return { kept, reports, directory, files };
}

describe("a manifest", () => {
  it("says what a server was, in the order of its lists, to its user alone", async () => {
    const { kept, reports, directory, files } = manifests();
    expect(await kept.read("one", x)).toBeUndefined();
    await kept.write("one", x, manifest);
    expect(await kept.read("one", x)).toEqual(manifest);
    expect(reports).toEqual([]);
    const [path] = files();
    expect([statSync(directory).mode & 0o777, statSync(path!).mode & 0o777]).toEqual([0o700, 0o600]);
    expect(JSON.parse(readFileSync(path!, "utf8"))).toMatchObject({
      holdfast: 1,
      servers: { one: { tools: { a: { name: "a" }, b: { name: "b" } } } },
      manifest: {
        salt: expect.stringMatching(/^[0-9a-f]{32}$/),
        fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
      },
    });
    expect(readFileSync(path!, "utf8").endsWith("}\n")).toBe(true);
    await kept.remove("one");
    expect([await kept.read("one", x), files()]).toEqual([undefined, []]);
    await kept.remove("one");
  });

  it("is of one config, and of one server in it", async () => {
    const { kept, directory } = manifests("a.json");
    await kept.write("one", x, manifest);
    expect(await kept.read("two", x)).toBeUndefined();
    expect(await manifests("b.json", directory).kept.read("one", x)).toBeUndefined();
    expect(await manifests("a.json", directory).kept.read("one", x)).toEqual(manifest);
  });

  it.each([
    { command: "y" },
    { command: "x", args: ["a"] },
    { command: "x", env: { A: "1" } },
    { command: "x", cwd: "/" },
    { command: "x", era: "legacy" },
    { command: "x", transport: "stdio" },
    { url: "http://one.test" },
    { command: "x", headers: {} },
    { command: "x", auth: "token" },
    { command: "x", auth: { token: () => undefined } },
  ] as ServerConfig[])("is not of a server that is another one: %j", async (other) => {
    const { kept, reports } = manifests();
    await kept.write("one", x, manifest);
    expect(await kept.read("one", other)).toBeUndefined();
    expect(reports).toEqual([]);
  });

  it("is not of a server that is signed in to by another token", async () => {
    const { kept } = manifests();
    const by = (auth: unknown) => ({ url: "http://one.test", auth }) as ServerConfig;
    await kept.write("one", by("a"), manifest);
    expect(await kept.read("one", by("a"))).toEqual(manifest);
    for (const other of ["b", undefined, () => "a"])
      expect(await kept.read("one", by(other))).toBeUndefined();
  });

  it("is neither read from nor written to a directory that others can change", async () => {
    const { kept, reports, directory, files } = manifests();
    await kept.write("one", x, manifest);
    const before = readFileSync(files()[0]!, "utf8");
    chmodSync(directory, 0o777);
    await kept.write("one", x, manifest);
    expect(reports).toEqual([expect.stringContaining("one: what it offers cannot be kept in")]);
    expect(files().map((path) => readFileSync(path, "utf8"))).toEqual([before]);
    expect([await kept.read("one", x), reports.length]).toEqual([undefined, 2]);
  });

  it("is of a server of which something else is said, too", async () => {
    const { kept } = manifests();
    await kept.write("one", { ...x, auth: () => "a" } as never, manifest);
    const same = { ...x, auth: () => "b", timeout: 5, deny: ["a"], tools: {}, lazy: true };
    expect(await kept.read("one", same as never)).toEqual(manifest);
  });

  it("that is none is not used, and that is reported", async () => {
    const { kept, reports, files } = manifests();
    await kept.write("one", x, manifest);
    const [path] = files();
    const text = readFileSync(path!, "utf8");
    const wrong = (
      change: (all: { servers: { one: Record<string, unknown> }; manifest: object }) => void,
    ) => {
      const all = JSON.parse(text);
      change(all);
      return JSON.stringify(all);
    };
    for (const [written, why] of [
      ["{", /is not JSON/],
      [wrong((all) => Object.assign(all, { holdfast: 5 })), /expected a lock of version/],
      [
        wrong(({ manifest }) => Object.assign(manifest, { capabilities: 5 })),
        /the manifest has a wrong form$/,
      ],
      [wrong(({ servers }) => Object.assign(servers.one["tools"]!, { a: 5 })), /a wrong form at tools$/],
      [
        wrong(({ servers }) => Object.assign(servers.one["prompts"]!, { q: { name: "p" } })),
        /a wrong form at prompts$/,
      ],
    ] as const) {
      writeFileSync(path!, written);
      expect(await kept.read("one", x)).toBeUndefined();
      expect(reports.at(-1)).toMatch(why);
      expect(reports.at(-1)).toMatch(/^one: it is started to see what it offers: /);
    }
    const before = reports.length;
    writeFileSync(
      path!,
      wrong(({ manifest }) => Object.assign(manifest, { salt: 5 })),
    );
    expect([await kept.read("one", x), reports.length]).toEqual([undefined, before]);
    // One kind that is not there is empty.
    writeFileSync(
      path!,
      wrong(({ servers }) => delete servers.one["prompts"]),
    );
    expect((await kept.read("one", x))?.lists).toEqual({ ...manifest.lists, prompts: [] });
    writeFileSync(path!, text);
    chmodSync(path!, 0o644);
    expect(await kept.read("one", x)).toBeUndefined();
    expect(reports.at(-1)).toContain("others may read it");
  });

  it("that cannot be kept is reported", async () => {
    const directory = join(temporary(), "file");
    writeFileSync(directory, "");
    const { kept, reports } = manifests("mcp.json", directory);
    await kept.write("one", x, manifest);
    expect(reports).toEqual([expect.stringMatching(/^one: what it offers cannot be kept in .*file: /)]);
  });

  it("that cannot be removed is reported", async () => {
    const directory = join(temporary(), "file");
    writeFileSync(directory, "");
    const { kept, reports } = manifests("mcp.json", directory);
    await kept.remove("one");
    expect(reports).toEqual([expect.stringMatching(/^one: what it offered cannot be removed from .*file: /)]);
  });

  it("stands beside the credentials, where nobody says where", async () => {
    vi.stubEnv("XDG_DATA_HOME", temporary());
    onTestFinished(() => void vi.unstubAllEnvs());
    const kept = new Manifests(undefined, "mcp.json", () => {});
    await kept.write("one", x, manifest);
    expect(readdirSync(join(dirname(defaultDirectory()), "manifests"))).toHaveLength(1);
  });
});

describe("everything that a server offers", () => {
  const member = (more: object = {}) =>
    new FakeMember(
      "one",
      { tools: ["x"], prompts: ["p"], resources: ["note://a"], templates: ["day://{d}"] },
      {},
      more,
    );
  const fails = (code: number) => ({
    listResourceTemplates: () => Promise.reject(Object.assign(new Error("no"), { code })),
  });

  it("is each of its lists", async () => {
    const options = { timeout: 5 };
    const listTools = vi.fn(async () => ({ tools: [{ name: "x" }], ttlMs: 5 }));
    expect(await readOffered(member({ listTools }).session!, options)).toEqual({
      tools: [{ name: "x" }],
      prompts: [{ name: "p" }],
      resources: [{ uri: "note://a", name: "note://a" }],
      resourceTemplates: [{ uriTemplate: "day://{d}", name: "day://{d}" }],
    });
    expect(listTools).toHaveBeenCalledWith(undefined, options);
  });

  it("has no templates where the server does not know them", async () => {
    expect((await readOffered(member(fails(-32601)).session!, { timeout: 5 })).resourceTemplates).toEqual([]);
    expect(await rejection(readOffered(member(fails(-32603)).session!, { timeout: 5 }))).toMatchObject({
      code: -32603,
    });
  });
});
