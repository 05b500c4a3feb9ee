// Through query() of the Claude Agent SDK, with a program of ours in the place of its executable and its model.
import { fileURLToPath } from "node:url";
import { query } from "@anthropic-ai/claude-agent-sdk";
import { claudeServer } from "holdfast/claude-agent";
import { contract } from "./support/contract.mjs";
import { lossOf, namesOf, textOf } from "./support/words.mjs";

const PROGRAM = fileURLToPath(new URL("./support/claude-program.mjs", import.meta.url));

/** The prompts that a test makes, one after the other. */
function prompts() {
  const queue = [];
  let wake = () => {};
  let over = false;
  return {
    push(said) {
      queue.push({
        type: "user",
        message: { role: "user", content: JSON.stringify(said) },
        parent_tool_use_id: null,
      });
      wake();
    },
    end() {
      over = true;
      wake();
    },
    async *[Symbol.asyncIterator]() {
      while (!over || queue.length > 0) {
        if (queue.length > 0) yield queue.shift();
        else
          await new Promise((resolve) => {
            wake = resolve;
          });
      }
    },
  };
}

async function open({ transport }, { answer, onChanged }) {
  const prompt = prompts();
  const running = query({
    prompt,
    options: {
      pathToClaudeCodeExecutable: PROGRAM,
      mcpServers: { fixture: claudeServer(transport) },
    },
  });
  const waiting = new Map();
  let calls = 0;
  let onprogress;
  const connected = Promise.withResolvers();
  const ended = (async () => {
    for await (const message of running) {
      if (message.type !== "assistant") continue;
      const heard = JSON.parse(message.message.content[0].text);
      if (heard.connected) connected.resolve();
      if (heard.question) answer();
      if (heard.notification?.method === "notifications/tools/list_changed") onChanged();
      if (heard.notification?.method === "notifications/progress")
        onprogress?.(heard.notification.params.progress);
      if (heard.call) waiting.get(heard.call)(heard.answer);
    }
  })();
  await connected.promise;
  const request = (method, params, { signal, ...options } = {}) => {
    const nth = ++calls;
    onprogress = options.onprogress;
    prompt.push({ call: { method, params, progress: onprogress !== undefined } });
    return new Promise((resolve, reject) => {
      signal?.addEventListener("abort", () => {
        prompt.push({ cancel: nth });
        reject(signal.reason);
      });
      waiting.set(nth, ({ result, error }) =>
        error ? reject(Object.assign(new Error(error.message), error)) : resolve(result),
      );
    });
  };
  return {
    tools: async () => namesOf(await request("tools/list", {})),
    call: async (name, args, options) =>
      textOf(await request("tools/call", { name, arguments: args }, options)),
    close: async () => {
      prompt.end();
      running.close();
      await ended;
    },
  };
}

contract("the Claude Agent SDK", open, lossOf, {
  questions: "the SDK itself makes the first handshake, and says in it that it can be asked nothing",
});
