import { basename, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type {
  ClientCapabilities,
  ClientContext,
  CreateMessageResult,
  ElicitRequestParams,
  ElicitResult,
  LoggingLevel,
  Root,
} from "@modelcontextprotocol/client";
import { runCallback } from "../base/callback.js";
import { asError } from "../base/errors.js";
import { relayedContext } from "../contract/asking.js";
import { DIFFERENCES } from "../contract/protocol.js";
import type {
  ElicitAnswer,
  HandlerContext,
  ListChange,
  RootLike,
  RootsOption,
  Session,
  SessionOptions,
} from "../contract/session.js";
import type { ConnectionPort } from "./ports.js";

/** What the handshake must declare for these options. */
export function capabilitiesOf(options: SessionOptions): ClientCapabilities {
  const { sampling, elicitation, roots, extensions, capabilities } = options;
  const modes =
    typeof elicitation === "function"
      ? { form: {}, url: {} }
      : { ...(elicitation?.form && { form: {} }), ...(elicitation?.url && { url: {} }) };
  return {
    ...(sampling && { sampling: {} }),
    ...(elicitation && { elicitation: modes }),
    ...(roots && { roots: { listChanged: true } }),
    ...(extensions && { extensions }),
    ...capabilities,
  };
}

/** What the options' handlers use of their session. */
interface Handling extends Session {
  readonly port: ConnectionPort;
  roots(): Promise<{ roots: Root[] }>;
  wantsLog(level: LoggingLevel): boolean;
  report(error: Error): void;
}

/** What these options give to answer each request of the server with. */
export const handlersIn = ({ sampling, elicitation, roots }: SessionOptions): [string, unknown][] =>
  Object.entries({
    "sampling/createMessage": sampling,
    "elicitation/create": elicitation,
    "roots/list": roots,
  }).filter(([, given]) => given !== undefined);

/** Registers the option's handlers on the session, as a user would with `setRequestHandler`. */
export function registerHandlers(session: Handling, options: SessionOptions): void {
  const { sampling, elicitation, roots, onLog, onListChanged } = options;
  const context = (ctx: ClientContext): HandlerContext => ({
    ...relayedContext(ctx, session.port.name),
    session,
  });
  const report = (error: unknown) => session.report(asError(error));
  if (sampling) {
    session.setRequestHandler("sampling/createMessage", async (request, ctx) =>
      samplingResult(await sampling(request.params, context(ctx))),
    );
  }
  if (elicitation) {
    session.setRequestHandler("elicitation/create", async (request, ctx) => {
      const ask = typeof elicitation === "function" ? elicitation : askByMode(elicitation);
      return elicitResult(await ask(request.params, context(ctx)), request.params);
    });
  }
  if (roots) session.setRequestHandler("roots/list", () => session.roots());
  if (onLog) {
    session.setNotificationHandler("notifications/message", ({ params }) => {
      if (session.wantsLog(params.level)) runCallback(() => onLog(params), report);
    });
  }
  if (onListChanged) {
    for (const kind of ["tools", "prompts", "resources"] as const) {
      session.setNotificationHandler(`notifications/${kind}/list_changed`, ({ params }) => {
        const lists = params?._meta?.[DIFFERENCES] as ListChange["lists"];
        runCallback(() => onListChanged({ kind, ...(lists && { lists }) }), report);
      });
    }
  }
}

function askByMode(
  handlers: Exclude<NonNullable<SessionOptions["elicitation"]>, (...args: never) => unknown>,
) {
  return (params: ElicitRequestParams, context: HandlerContext) =>
    params.mode === "url" ? handlers.url?.(params, context) : handlers.form?.(params, context);
}

function samplingResult(answer: CreateMessageResult | string): CreateMessageResult {
  if (typeof answer !== "string") return answer;
  return { role: "assistant", model: "holdfast", content: { type: "text", text: answer } };
}

const ACTIONS = new Set(["accept", "decline", "cancel"]);

function elicitResult(answer: ElicitAnswer, params: ElicitRequestParams): ElicitResult {
  if (answer === undefined || answer === null) return { action: "decline" };
  if (typeof answer === "object" && !Array.isArray(answer)) {
    if (typeof answer.action === "string" && ACTIONS.has(answer.action)) return answer as ElicitResult;
    return { action: "accept", content: answer as NonNullable<ElicitResult["content"]> };
  }
  const fields = Object.keys("requestedSchema" in params ? params.requestedSchema.properties : {});
  // The value of the only field that is asked for; where there are more, the check of the answer says what is wrong.
  return { action: "accept", content: { [fields.length === 1 ? fields[0]! : "value"]: answer } };
}

/** The roots in the protocol's form: paths become `file:` URLs named after their last part. */
export async function listRoots(roots: RootsOption): Promise<{ roots: Root[] }> {
  const given = typeof roots === "function" ? await roots() : roots;
  return { roots: given.map(rootOf) };
}

function rootOf(root: RootLike): Root {
  if (typeof root === "object" && "uri" in root) return root;
  const url =
    root instanceof URL ? root : root.startsWith("file:") ? new URL(root) : pathToFileURL(resolve(root));
  return { uri: url.href, name: url.protocol === "file:" ? basename(fileURLToPath(url)) : url.href };
}
