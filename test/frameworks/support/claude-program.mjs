#!/usr/bin/env node
// Stands in for the executable of the Claude Agent SDK. It speaks its control messages on stdin and stdout, and does what a
// prompt says, in place of a model: {"call": {method, params, progress?}} makes a request of the server "fixture",
// {"cancel": N} cancels the Nth. What it hears is told as text of the assistant, one JSON object a message.
import { createInterface } from "node:readline";

const SERVER = "fixture";
const waiting = new Map();
let controls = 0;
let calls = 0;
const write = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const answer = (request_id, response) =>
  write({ type: "control_response", response: { subtype: "success", request_id, response } });

function tell(heard) {
  const message = { role: "assistant", content: [{ type: "text", text: JSON.stringify(heard) }] };
  write({ type: "assistant", message, parent_tool_use_id: null, session_id: "1", uuid: "1" });
}

/** One message for the server; the SDK answers with the server's answer. */
function post(message) {
  const request_id = `p${++controls}`;
  write({
    type: "control_request",
    request_id,
    request: { subtype: "mcp_message", server_name: SERVER, message: { jsonrpc: "2.0", ...message } },
  });
  return new Promise((resolve) => waiting.set(request_id, resolve));
}

async function connect() {
  const clientInfo = { name: "claude-program", version: "1" };
  const params = { protocolVersion: "2025-11-25", capabilities: { elicitation: {} }, clientInfo };
  const said = await post({ id: "initialize", method: "initialize", params });
  await post({ method: "notifications/initialized" });
  tell({ connected: said });
}

async function obey({ call, cancel }) {
  if (cancel !== undefined)
    return post({ method: "notifications/cancelled", params: { requestId: `c${cancel}` } });
  const id = `c${++calls}`;
  const _meta = call.progress ? { progressToken: id } : undefined;
  tell({ call: calls, answer: await post({ id, method: call.method, params: { ...call.params, _meta } }) });
  const spent = { duration_ms: 1, duration_api_ms: 1, num_turns: 1, total_cost_usd: 0, usage: {} };
  write({ type: "result", subtype: "success", is_error: false, result: "", session_id: "1", ...spent });
}

const textIn = (content) => (typeof content === "string" ? content : content[0].text);

/** What the server sends by itself comes as a control request too. */
function hear(message) {
  if (!("id" in message)) return tell({ notification: message });
  if (message.method === "elicitation/create")
    void post({ id: message.id, result: { action: "accept", content: { name: "a person" } } });
  tell({ question: message });
}

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const message = JSON.parse(line);
    if (message.type === "control_response") {
      const { request_id, response, error } = message.response;
      waiting.get(request_id)?.(response?.mcp_response ?? { error: { message: error } });
      waiting.delete(request_id);
    } else if (message.type === "user") void obey(JSON.parse(textIn(message.message.content)));
    else if (message.request?.subtype === "initialize") {
      const none = { commands: [], agents: [], models: [], available_output_styles: [] };
      answer(message.request_id, { ...none, output_style: "default", account: {} });
      void connect();
    } else if (message.request?.subtype === "mcp_message") {
      answer(message.request_id, { mcp_response: { jsonrpc: "2.0", result: {}, id: 0 } });
      hear(message.request.message);
    } else answer(message.request_id, {});
  })
  .on("close", () => process.exit(0));
