// The client under test of the conformance tool: a plain user of holdfast. The tool appends the server's URL.
import { StreamableHttpTransport } from "../../dist/index.js";
import { authOf } from "./auth.mjs";

const url = process.argv.at(-1);
const { MCP_CONFORMANCE_SCENARIO: scenario, MCP_CONFORMANCE_PROTOCOL_VERSION: version } = process.env;
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? "{}");

/** Something of each type, so that any tool can be called. */
function sample({ type, properties = {}, required = [], default: value, enum: choices } = {}) {
  if (value !== undefined) return value;
  if (choices) return choices[0];
  if (type === "object") return Object.fromEntries(required.map((key) => [key, sample(properties[key])]));
  return { string: "text", number: 1, integer: 1, boolean: true, array: [] }[type] ?? "text";
}

const transport = new StreamableHttpTransport({
  url,
  name: scenario,
  era: version === "2026-07-28" ? "modern" : "auto",
  ...(scenario.startsWith("auth/") && { auth: await authOf(scenario, context, url) }),
});
try {
  await transport.withSession(
    async (session) => {
      const { tools } = await session.listTools();
      const calls =
        context.toolCalls ?? tools.map(({ name, inputSchema }) => ({ name, arguments: sample(inputSchema) }));
      for (const call of calls) {
        // The echo is given another tool's schema as it was listed.
        if (call.name === "json_schema_echo") call.arguments.schema = tools[0].inputSchema;
        // What a server refuses is its answer.
        await session.callTool(call).catch((error) => console.error(`${call.name}: ${error.message}`));
      }
    },
    {
      // The person accepts the form as it stands.
      elicitation: () => ({}),
      capabilities: { elicitation: { form: { applyDefaults: true } } },
    },
  );
} finally {
  await transport.close();
}
