import type { Client, RequestOptions, Result } from "@modelcontextprotocol/client";
import { asError } from "../base/errors.js";
import { ANY_RESULT } from "../contract/any-result.js";
import type { TaskStore } from "../contract/tasks.js";
import type { TaskHost } from "../tasks/host.js";
import { memoryTaskStore } from "../tasks/memory-store.js";
import { readResult } from "../wires/answers/result.js";
import type { ConnectionPort } from "./ports.js";
import { answersTo, withTasksDeclared } from "./sdk-internals.js";

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
        const declared = withTasksDeclared(client, owner.logged(client, params));
        return (await client.request({ method, params: declared }, ANY_RESULT, o)) as Result;
      }),
    // A person takes the time that it takes.
    answers: (questions, signal) =>
      owner.call({ method: "tasks/update", options: { signal, timeout: 0 } }, (client, o) =>
        answersTo(client, questions, o),
      ),
    readResult: (given) => {
      const read = readResult("tools/call", given, era() === "modern");
      return typeof read === "string" ? read : withoutType(read.result);
    },
    report: (error) => session.report(asError(error)),
  };
}

/** That it is complete its caller knows by having it. */
function withoutType({ resultType: _, ...result }: object & { resultType?: unknown }): object {
  return result;
}
