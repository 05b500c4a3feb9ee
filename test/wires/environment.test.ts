import { afterEach, describe, expect, it, vi } from "vitest";
import { Secrets } from "../../src/base/redact.js";
import { childEnvironment } from "../../src/wires/child-environment.js";
import { addEnvironment, isRunner } from "../../src/wires/environment.js";

afterEach(() => vi.unstubAllEnvs());

describe("the environment of a child process", () => {
  it("is the safe variables and what the user gave, nothing else", () => {
    vi.stubEnv("MY_TOKEN", "canary");
    vi.stubEnv("HTTPS_PROXY", "http://proxy");
    const env = childEnvironment({ A: "1" }, "node");
    expect(env).toMatchObject({ PATH: process.env["PATH"], A: "1" });
    expect(
      Object.keys(env).filter((name) => !"HOME LOGNAME PATH SHELL TERM USER A".split(" ").includes(name)),
    ).toEqual([]);
  });

  it("is all of it where the user says so", () => {
    vi.stubEnv("MY_TOKEN", "mine");
    expect(childEnvironment("inherit", "node")).toMatchObject({ MY_TOKEN: "mine" });
  });

  it("of a package runner also says how to fetch, and what the user gave wins", () => {
    vi.stubEnv("HTTPS_PROXY", "http://proxy");
    vi.stubEnv("SSL_CERT_FILE", "/ca.pem");
    vi.stubEnv("UV_INDEX_URL", "https://index");
    vi.stubEnv("npm_config_registry", "https://registry");
    vi.stubEnv("MY_TOKEN", "canary");
    // As `npx -p holdfast -c '…'` sets it for what it runs.
    vi.stubEnv("npm_config_package", "holdfast");
    vi.stubEnv("npm_config_call", "holdfast status");
    for (const command of ["uv", "/usr/bin/uvx", "npx", "npx.cmd", "docker", "pipx", "pnpm", "bunx"]) {
      expect(isRunner(command), command).toBe(true);
      const env = childEnvironment({ HTTPS_PROXY: "http://other" }, command);
      expect(env).toMatchObject({
        HTTPS_PROXY: "http://other",
        SSL_CERT_FILE: "/ca.pem",
        UV_INDEX_URL: "https://index",
      });
      expect(env).toHaveProperty("npm_config_registry", "https://registry");
      for (const name of ["MY_TOKEN", "npm_config_package", "npm_config_call"])
        expect(env).not.toHaveProperty(name);
    }
    expect(isRunner("node")).toBe(false);
  });

  it("is not shown where it holds a secret", () => {
    vi.stubEnv("UV_INDEX_URL", "https://ada:canary-password@index/simple");
    vi.stubEnv("npm_config__authToken", "canary-token");
    const secrets = new Secrets();
    addEnvironment(secrets, { KEY: "canary-given" }, "uv");
    expect(secrets.redact("canary-given ada:canary-password canary-token")).toBe(
      "[redacted] [redacted] [redacted]",
    );
  });
});
