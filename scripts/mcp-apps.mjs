// Reads the page of each of the example servers of `@modelcontextprotocol/ext-apps` through a config, all at once: `node
// scripts/mcp-apps.mjs [EXAMPLE…]` after a build. npx fetches them; it fails unless each has a page that can be read.
import { MCPConfigTransport } from "../dist/index.js";

const named = process.argv.slice(2);
const examples = named.length > 0 ? named : ["basic-vanillajs", "cohort-heatmap"];
const servers = examples.map((name) => [
  name,
  { command: "npx", args: ["-y", `@modelcontextprotocol/server-${name}`, "--stdio"] },
]);
const transport = new MCPConfigTransport({
  config: { mcpServers: Object.fromEntries(servers) },
  connectTimeoutMs: 300_000,
  startTimeoutMs: 240_000,
});
const read = new Set();
try {
  const client = await transport.connectSession();
  await transport.waitFor("connected", { servers: "all" });
  const { tools } = await client.listTools();
  for (const { name, _meta } of tools) {
    const uri = _meta?.ui?.resourceUri;
    if (uri === undefined) continue;
    const { contents } = await client.readResource({ uri });
    const [{ mimeType, text = "" }] = contents;
    const title = /<title>(.*?)<\/title>/.exec(text)?.[1];
    console.log(`${name}: ${uri}, ${mimeType}, ${text.length} characters, "${title}"`);
    if (text.length > 0) read.add(transport.resolveTool(name)?.server);
  }
} finally {
  await transport.close();
}
const missing = examples.filter((name) => !read.has(name));
if (missing.length > 0) throw new Error(`no page of ${missing.join(", ")} could be read`);
