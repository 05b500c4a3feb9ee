import type { Tool } from "@modelcontextprotocol/client";
import { invalid } from "../base/check.js";
import type { Session } from "../contract/session.js";
import { hasTools, isTimeout } from "./asking.js";
import type { MakeTransport, RunOptions, RunSettings, SafeCall } from "./record.js";

interface BaselineOptions {
  /** Tools that may be called, besides those that say so of themselves. */
  tools?: readonly SafeCall[] | undefined;
  signal?: AbortSignal | undefined;
}

/** Where nobody knows yet how long the server takes. */
const PATIENT: RunOptions = {
  connectTimeoutMs: 60_000,
  closeTimeoutMs: 5_000,
  heartbeat: { intervalMs: 30_000 },
  keepAlive: false,
  reconnect: { baseMs: 20, capMs: 100, stableAfterMs: 5_000 },
};

/** One session without any fault: what the server can do, and how long it takes. */
export async function baseline(
  make: MakeTransport,
  options: BaselineOptions,
  seed: number,
): Promise<RunSettings> {
  const transport = make(PATIENT);
  try {
    const before = performance.now();
    const session = await transport.connectSession(options.signal ? { signal: options.signal } : {});
    const took = performance.now() - before;
    // Generous where the server is slow to begin: a busy machine makes it slower still.
    const callMs = Math.round(Math.max(1_500, 8 * took));
    const named = options.tools ?? [];
    const tools = hasTools(session) ? (await session.listTools()).tools : [];
    const slowest = await slowestOf(session, tools, named);
    const safe = [...named, ...(await quickOnes(session, tools, Math.min(1_000, callMs / 3)))];
    await session.close();
    return {
      seed,
      safe,
      callMs: Math.max(callMs, Math.round(slowest * 3)),
      options: {
        connectTimeoutMs: Math.round(Math.max(1_000, 10 * took)),
        closeTimeoutMs: 2_000,
        heartbeat: { intervalMs: 400 },
        keepAlive: false,
        reconnect: { baseMs: 20, capMs: 100, stableAfterMs: 400 },
      },
    };
  } finally {
    await transport.close();
  }
}

/** So many tools are enough. */
const MAX_SAFE = 5;

/** Tools that only read, need no arguments, and answer soon enough to tell a slow one from a lost one. */
async function quickOnes(session: Session, tools: readonly Tool[], timeout: number): Promise<SafeCall[]> {
  const quick: SafeCall[] = [];
  for (const { name, annotations, inputSchema } of tools) {
    if (annotations?.readOnlyHint !== true || inputSchema.required?.length || quick.length >= MAX_SAFE)
      continue;
    const call = { name, arguments: {} };
    // What it answers is its own business; an error is an answer too.
    const inTime = await session.callTool(call, { timeout }).then(
      () => true,
      (error) => !isTimeout(error),
    );
    if (inTime) quick.push(call);
  }
  return quick;
}

/** How long the slowest of these tools takes. Throws for one that the server does not list. */
async function slowestOf(
  session: Session,
  tools: readonly Tool[],
  named: readonly SafeCall[],
): Promise<number> {
  const known = tools.map(({ name }) => name);
  let slowest = 0;
  for (const call of named) {
    if (!known.includes(call.name))
      throw invalid(
        "tools",
        `there is no tool ${JSON.stringify(call.name)}; there are: ${known.join(", ") || "none"}`,
      );
    const before = performance.now();
    // An error is an answer, too; one that never comes is a mistake in the naming.
    await session.callTool({ ...call }).catch((error: unknown) => {
      if (isTimeout(error)) throw error;
    });
    slowest = Math.max(slowest, performance.now() - before);
  }
  return slowest;
}
