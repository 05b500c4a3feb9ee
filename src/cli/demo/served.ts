import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioTransport } from "../../index.js";
import { serve } from "../../serve/index.js";
import { stopOnSignals } from "../commands/run.js";
import { print } from "../terminal/print.js";

const say = (text: string) => print(`  ${text}`);

/** Shows a client that knows nothing of holdfast, behind `serve`, while its server is killed twice. */
export async function served(everything: string): Promise<void> {
  print(
    "\nA client of the SDK, which does not know of holdfast, over `holdfast serve`; its server is killed twice:\n",
  );
  const transport = new StdioTransport({
    name: "served",
    command: process.execPath,
    args: [everything, "stdio"],
  });
  const forget = stopOnSignals(transport);
  const serving = await serve(transport, { http: {} });
  const client = new Client({ name: "program", version: "1.0.0" });
  const call = (name: string, args: object = {}) => client.callTool({ name, arguments: { ...args } });
  try {
    await client.connect(new StreamableHTTPClientTransport(new URL(serving.url!)));
    const { tools } = await client.listTools();
    await call("echo", { message: "hello" });
    say(`${serving.url}: ${tools.length} tools, echo answered`);
    await killedDuring(transport, () => call("echo", { message: "once more" }));
    say("killed during echo, which says that it only reads: answered, by a new process");
    const lost = await killedDuring(transport, () => call("toggle-simulated-logging")).catch(outcomeOf);
    say(`killed during toggle-simulated-logging, which may change something: ${String(lost)}`);
    await call("echo", { message: "hello again" });
    say("the next echo: answered, in the same session of the client");
  } finally {
    await client.close();
    await serving.close();
    await transport.close();
    forget();
  }
}

/** The server is stopped first, so that the call reaches it and is not answered. */
async function killedDuring<T>(transport: StdioTransport, call: () => Promise<T>): Promise<T> {
  const pid = transport.status.pid!;
  process.kill(pid, "SIGSTOP");
  const calling = call();
  calling.catch(() => {});
  while (transport.status.inFlight === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise(setImmediate);
  process.kill(pid, "SIGKILL");
  return calling;
}

/** What an error of `serve` says of the call, in the words of the protocol. */
function outcomeOf(error: unknown): string {
  const { data } = error as { data?: { holdfast?: { code: string; outcome: string } } };
  if (!data?.holdfast) throw error;
  return `${data.holdfast.code}, outcome: ${data.holdfast.outcome}`;
}
