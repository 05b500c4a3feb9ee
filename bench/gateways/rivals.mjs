// The gateways of the kill table, each as its documentation starts it: how it serves a stdio server, and one at a URL.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
/** They are no dependencies of ours: they are fetched into a folder of their own. */
const PEERS = here("../.peers/gateways");
const uv = existsSync(here("../../.ci/venv/bin/uv")) ? here("../../.ci/venv/bin/uv") : "uv";
const at = (...path) => join(PEERS, ...path);

function fetched(there, fetch) {
  if (existsSync(there)) return true;
  console.error(`fetching ${there} …`);
  try {
    fetch();
    return existsSync(there);
  } catch {
    return false;
  }
}

const npm = (name) =>
  fetched(at("node_modules", name), () => {
    mkdirSync(PEERS, { recursive: true });
    if (!existsSync(at("package.json"))) writeFileSync(at("package.json"), '{ "private": true }\n');
    const flags = ["--no-audit", "--no-fund", "--ignore-scripts"];
    execFileSync("npm", ["install", ...flags, `${name}@latest`], { cwd: PEERS, stdio: "ignore" });
  });

const python = (name) =>
  fetched(at(`${name}-venv`, "bin", name), () => {
    execFileSync(uv, ["venv", "--quiet", at(`${name}-venv`)], { stdio: "ignore" });
    const into = ["--python", at(`${name}-venv`, "bin", "python")];
    execFileSync(uv, ["pip", "install", "--quiet", ...into, name], { stdio: "ignore" });
  });

function nodeVersion(name) {
  return JSON.parse(readFileSync(at("node_modules", name, "package.json"), "utf8")).version;
}

function pythonVersion(name) {
  const code = `import importlib.metadata as m; print(m.version("${name}"))`;
  return execFileSync(at(`${name}-venv`, "bin", "python"), ["-c", code], { encoding: "utf8" }).trim();
}

/** The newest releases of these want a newer Node than ours. */
const newerNode = () =>
  execFileSync("npx", ["-y", "-p", "node@24", "-c", "command -v node"], { encoding: "utf8" }).trim();

const bin = (name) => {
  const { bin: given } = JSON.parse(readFileSync(at("node_modules", name, "package.json"), "utf8"));
  return at("node_modules", name, typeof given === "string" ? given : given[name]);
};

/** FastMCP's proxy in the least program: of a config, as its documentation has it. */
const FASTMCP = `
import sys, json
from fastmcp.server import create_proxy
proxy = create_proxy(json.loads(sys.argv[1]), name="proxy")
proxy.run(transport="http", host="127.0.0.1", port=int(sys.argv[2]), show_banner=False)
`;

/**
 * `stdio(port, server)`: the command that serves the server, a command, at the port. `remote(port, url)`: likewise for one at a URL;
 * with `onStdio` it serves that on its own stdin and stdout. Left out: it cannot.
 */
export function rivals() {
  const cli = here("../../dist/bundle/cli.js");
  const serve = ["serve", "--http"];
  const all = [
    {
      name: "**holdfast serve**",
      path: "/mcp",
      stdio: (port, server) => [process.execPath, cli, ...serve, `127.0.0.1:${port}`, "--", ...server],
      remote: (port, url) => [process.execPath, cli, ...serve, `127.0.0.1:${port}`, url],
    },
  ];
  if (npm("supergateway"))
    all.push({
      name: `supergateway ${nodeVersion("supergateway")}, stateful`,
      path: "/mcp",
      stdio: (port, server) => [
        ...[newerNode(), bin("supergateway"), "--stdio", server.join(" ")],
        ...["--outputTransport", "streamableHttp", "--stateful", "--port", String(port)],
      ],
      remote: (_port, url) => [newerNode(), bin("supergateway"), "--streamableHttp", url],
      onStdio: true,
    });
  if (npm("mcp-proxy"))
    all.push({
      name: `mcp-proxy (npm) ${nodeVersion("mcp-proxy")}`,
      path: "/mcp",
      stdio: (port, server) => [newerNode(), bin("mcp-proxy"), "--port", String(port), "--", ...server],
    });
  if (python("mcp-proxy"))
    all.push({
      name: `mcp-proxy (PyPI) ${pythonVersion("mcp-proxy")}`,
      path: "/mcp",
      stdio: (port, server) => [
        ...[at("mcp-proxy-venv", "bin", "mcp-proxy"), "--port", String(port)],
        ...["--pass-environment", "--", ...server],
      ],
      remote: (_port, url) => [
        at("mcp-proxy-venv", "bin", "mcp-proxy"),
        "--transport",
        "streamablehttp",
        url,
      ],
      onStdio: true,
    });
  if (python("fastmcp")) {
    const proxy = [at("fastmcp-venv", "bin", "python"), "-c", FASTMCP];
    const config = (server) => JSON.stringify({ mcpServers: { one: server } });
    all.push({
      name: `FastMCP ${pythonVersion("fastmcp")}, \`create_proxy\``,
      path: "/mcp",
      stdio: (port, [command, ...args]) => [...proxy, config({ command, args }), String(port)],
      remote: (port, url) => [...proxy, config({ url }), String(port)],
    });
  }
  return all;
}
