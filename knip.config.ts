import type { KnipConfig } from "knip";

/** `!` marks what is shipped: `knip --production` looks at that alone, without what only tests use. */
const config: KnipConfig = {
  entry: [
    "src/adapters/*.ts!",
    "src/{index,inspect/index,metrics/index,otel/index,serve/index,testing/index,cli/main,cli/start}.ts!",
    "src/inspect/page/app.js!",
    // Programs that are started and never imported.
    "bench/{calls,composite,footprint,idle,inspected,many,start,tracing}.mjs",
    "bench/peers/{holdfast,langchain,mcporter,sdk}.mjs",
    "bench/{relay,gateways/server}.mjs",
    "examples/{survive,websocket-server}.mjs",
    "examples/agent/agent.test.mjs",
    "test/first-steps/{check,embed,inspect,recording,serve}.mjs",
    "scripts/{inspector-load,mcp-apps,plant,tool-tokens}.mjs",
    "scripts/hostile/server.mjs",
    "scripts/conformance/client.mjs",
    "scripts/soak/{marking,websocket}-server.mjs",
    "test/fixtures/{loaded-packages,*-{server,program,parent,writer,suite,world}}.mjs",
  ],
  project: [
    "src/**/*.{ts,js}!",
    "test/**/*.{ts,mjs}",
    // It has a package.json of its own, and is a consumer of ours.
    "!test/frameworks/**",
    "bench/**/*.mjs",
    "scripts/**/*.mjs",
    "examples/**/*.mjs",
  ],
  // A type of a public signature is exported to be nameable. With what is shipped it is asked what nothing uses at all.
  ignoreExportsUsedInFile: process.argv.includes("--production") || { interface: true, type: true },
  ignoreDependencies: [
    // Found by its path, and started.
    "@modelcontextprotocol/server-everything",
    // An optional peer that the test kit imports as it stands; and what is loaded by `require`, with the first pattern or config.
    ...(process.argv.includes("--production")
      ? [
          "@langchain/core",
          "@modelcontextprotocol/sdk",
          "@opentelemetry/api",
          "fast-check",
          "jsonc-parser",
          "prom-client",
          "re2js",
          "smol-toml",
          "yaml",
        ]
      : []),
  ],
  ignoreBinaries: ["dbus-run-session", "mkfifo", "script", "prometheus", "promtool", "systemd-analyze"],
};

export default config;
