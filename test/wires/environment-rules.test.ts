import { getDefaultEnvironment } from "@modelcontextprotocol/client/stdio";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Secrets } from "../../src/base/redact.js";
import { childEnvironment } from "../../src/wires/child-environment.js";
import { addEnvironment, type EnvOption, installHint, isRunner } from "../../src/wires/environment.js";

/** The environment of this test, and nothing of the machine's. */
const base = { PATH: "/bin", HOME: "/home/me" };
let before: NodeJS.ProcessEnv;

/** A text as it is shown by a connection with this environment. */
function shownWith(env: EnvOption | undefined, command: string, text: string): string {
  const secrets = new Secrets();
  addEnvironment(secrets, env, command);
  return secrets.redact(text);
}

beforeEach(() => {
  before = process.env;
  process.env = { ...base };
});
afterEach(() => {
  process.env = before;
  vi.unstubAllEnvs();
});

describe("a command", () => {
  it.each([
    ["uv", /pip install uv/],
    ["uvx", /pip install uv/],
    ["npx", /npm/],
    ["pnpm", /npm install -g pnpm/],
    ["bunx", /npm install -g bun/],
    ["pipx", /pip install pipx/],
    ["docker", /Docker/],
    ["/usr/bin/npx", /npm/],
    ["npx.cmd", /npm/],
    ["UV.EXE", undefined],
    ["uv.EXE", /pip install uv/],
    ["uv.bat", /pip install uv/],
    ["uv.exec", undefined],
    ["u.exev", undefined],
    ["node", undefined],
    ["toString", undefined],
  ])("%s that is not installed: %s", (command, hint) => {
    expect(isRunner(command)).toBe(hint !== undefined);
    if (hint) expect(installHint(command)).toMatch(hint);
    else expect(installHint(command)).toBeUndefined();
  });
});

describe("what a child process is told", () => {
  it("of a whole environment is all of it, and the launcher's own besides", () => {
    process.env["X"] = "1";
    expect(childEnvironment("inherit", "node", { X: "2", Y: "3" })).toEqual({ ...base, X: "2", Y: "3" });
  });

  it("is the safe variables, the launcher's own, and what the user gave, which wins", () => {
    process.env["X"] = "1";
    const safe = getDefaultEnvironment();
    expect(childEnvironment(undefined, "node")).toEqual(safe);
    expect(childEnvironment({ A: "user" }, "node", { A: "own", B: "own" })).toEqual({
      ...safe,
      A: "user",
      B: "own",
    });
  });

  it.each([
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "DOCKER_HOST",
    "UV_INDEX_URL",
    "PIP_INDEX_URL",
    "npm_config_registry",
  ])("is %s where it runs what it fetches, and not where it does not", (name) => {
    process.env[name] = "value";
    expect(childEnvironment(undefined, "uvx")).toHaveProperty(name, "value");
    expect(childEnvironment(undefined, "node")).not.toHaveProperty(name);
  });

  it.each(["npm_config_package", "npm_config_call", "MY_UV_INDEX", "TOKEN"])("is never %s", (name) => {
    process.env[name] = "value";
    expect(childEnvironment(undefined, "npx")).not.toHaveProperty(name);
  });
});

describe("the secrets of a child process", () => {
  it.each(["MY_TOKEN", "DB_PASSWORD", "a_secret", "AUTH", "API_KEY"])(
    "are %s where it inherits all",
    (name) => {
      process.env[name] = "hidden";
      process.env["PLAIN"] = "shown";
      expect(shownWith("inherit", "node", "hidden, shown")).toBe("[redacted], shown");
    },
  );

  it("are all that the user gave, and nothing where the user gave nothing", () => {
    process.env["UV_TOKEN"] = "hidden";
    const text = "hidden given-value";
    expect(shownWith({ A: "1", B: "given-value" }, "node", text)).toBe("hidden [redacted]");
    expect(shownWith(undefined, "node", text)).toBe(text);
  });

  it("are what a runner's settings hide, by their names or in their URLs", () => {
    Object.assign(process.env, {
      UV_TOKEN: "hidden",
      UV_INDEX_URL: "https://ada:pass@index/simple http://bobby@other",
      HTTPS_PROXY: "http://proxy:8080/@x",
      MY_TOKEN: "not handed over",
    });
    const text = "1 hidden ada:pass ada pass bobby proxy not handed over";
    const shown = "1 [redacted] [redacted] ada [redacted] [redacted] proxy not handed over";
    expect(shownWith({ A: "1" }, "uv", text)).toBe(shown);
  });
});
