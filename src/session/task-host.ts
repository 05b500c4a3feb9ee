import type { CallToolResult, Client, RequestOptions, Result } from "@modelcontextprotocol/client";
import { asError } from "../base/errors.js";
import { ANY_RESULT } from "../contract/any-result.js";
import type { TaskStore } from "../contract/tasks.js";
import type { TaskHost } from "../tasks/host.js";
import { memoryTaskStore } from "../tasks/memory-store.js";
import { readResult } from "../wires/answers/result.js";
import { invalidAnswerOf } from "./invalid-answer.js";
import type { ConnectionPort } from "./ports.js";
import { answersTo, outputValidatorOf, withTasksDeclared } from "./sdk-internals.js";
import { checkStructured } from "./structured.js";

/** What the tasks of a session use of it. */
export interface TaskOwner {
  readonly session: Pick<Client, "getProtocolEra" | "getServerCapabilities" | "listTools"> & {
    readonly port: ConnectionPort;
    report(error: Error): void;
  };
  readonly ended: AbortSignal;
  readonly store: TaskStore | undefined;
  call<T>(
    request: { method: string; params?: unknown; options: RequestOptions | undefined },
    send: (client: Client, options: RequestOptions) => Promise<T>,
  ): Promise<T>;
  logged<P extends object>(client: Client, params: P): P;
}

/** A session, as its tasks see it. */
export function taskHostOf({ session, ended, store, ...owner }: TaskOwner): TaskHost {
  const { port } = session;
  /** Who gave the last answer, and knows what the tools promise. */
  let last: Client | undefined;
  const era = () => (session.getProtocolEra() === "modern" ? "modern" : "legacy");
  return {
    server: port.name,
    clock: port.clock,
    store: store ?? memoryTaskStore(),
    ended,
    get connected() {
      return port.ready !== undefined;
    },
    get closed() {
      return port.closedError !== undefined;
    },
    era,
    capabilities: () => session.getServerCapabilities(),
    tool: (name) => port.tool(name),
    listTools: (options) => session.listTools(undefined, options),
    request: (method, params, options) =>
      owner.call({ method, params, options }, async (client: Client, o: RequestOptions) => {
        last = client;
        const declared = withTasksDeclared(client, owner.logged(client, params));
        return (await client.request({ method, params: declared }, ANY_RESULT, o)) as Result;
      }),
    // A person takes the time that it takes.
    answers: (questions, signal) =>
      owner.call({ method: "tasks/update", options: { signal, timeout: 0 } }, (client, o) =>
        answersTo(client, questions, o),
      ),
    async readResult(tool, given) {
      const read = readResult("tools/call", given, era() === "modern");
      if (typeof read === "string") return read;
      const check = last && (await outputValidatorOf(last, tool));
      const { result } = read;
      try {
        if (check) checkStructured(tool, result as CallToolResult, check);
      } catch (error) {
        const asked = { server: port.name, method: "tools/call", name: tool };
        throw invalidAnswerOf(asked, error, { result: withoutType(result) }) ?? error;
      }
      return withoutType(result);
    },
    shown: (value) => port.shown(value),
    report: (error) => session.report(asError(error)),
  };
}

/** That it is complete its caller knows by having it. */
function withoutType({ resultType: _, ...result }: object & { resultType?: unknown }): object {
  return result;
}
