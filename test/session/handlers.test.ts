import { pathToFileURL } from "node:url";
import type { ClientContext, Result } from "@modelcontextprotocol/client";
import { describe, expect, it, vi } from "vitest";
import { HoldfastError } from "../../src/base/errors.js";
import type { HandlerContext, SessionOptions } from "../../src/contract/session.js";
import { capabilitiesOf, listRoots } from "../../src/session/handlers.js";
import { epochClient, sessionOn } from "../support/fake-session.js";
import { rejection, settled } from "../support/settling.js";

const handler = () => "x";
const ctx = (signal = new AbortController().signal) =>
  ({ mcpReq: { id: 1, method: "x", signal } }) as unknown as ClientContext;

const SAMPLING = {
  jsonrpc: "2.0" as const,
  id: 1,
  method: "sampling/createMessage",
  params: { messages: [], maxTokens: 1 },
};
const requestedSchema = { type: "object", properties: {} };
const FORM = {
  jsonrpc: "2.0" as const,
  id: 1,
  method: "elicitation/create",
  params: { mode: "form", message: "who?", requestedSchema },
};
const URL_MODE = {
  ...FORM,
  params: { mode: "url", message: "who?", url: "https://example.com", elicitationId: "1" },
};
const ROOTS = { jsonrpc: "2.0" as const, id: 1, method: "roots/list" };

function asking(options: SessionOptions) {
  const made = sessionOn(epochClient(), options);
  return { ...made, ask: (request: object): Promise<Result> => made.session.answer(request as never, ctx()) };
}

describe("the capabilities of a session", () => {
  it.each<[SessionOptions, object]>([
    [{}, {}],
    [{ sampling: handler }, { sampling: {} }],
    [{ elicitation: () => ({}) }, { elicitation: { form: {}, url: {} } }],
    [{ elicitation: { form: () => ({}) } }, { elicitation: { form: {} } }],
    [{ elicitation: { url: () => ({}) } }, { elicitation: { url: {} } }],
    [{ roots: [] }, { roots: { listChanged: true } }],
    [{ extensions: { ext: {} } }, { extensions: { ext: {} } }],
    [{ sampling: handler, capabilities: { sampling: { tools: {} } } }, { sampling: { tools: {} } }],
  ])("of %o are %j", (options, capabilities) => {
    expect(capabilitiesOf(options)).toEqual(capabilities);
    expect(Object.keys(capabilitiesOf(options))).toEqual(Object.keys(capabilities));
  });

  it("are those that it can handle", () => {
    const bare = sessionOn(epochClient()).session;
    const able = sessionOn(epochClient(), {
      sampling: handler,
      elicitation: handler as never,
      roots: [],
    }).session;
    for (const { method } of [SAMPLING, FORM, ROOTS]) {
      expect(bare.handles(method), method).toBe(false);
      expect(able.handles(method), method).toBe(true);
    }
    bare.fallbackRequestHandler = async () => ({ any: true });
    expect(bare.handles("custom/one")).toBe(true);
  });
});

describe("a request of the server", () => {
  it("for a message is answered by a text alone, or by a whole result", async () => {
    const sampling = vi.fn(() => "hello" as never);
    const { ask, session } = asking({ sampling });
    expect(await ask(SAMPLING)).toEqual({
      role: "assistant",
      model: "holdfast",
      content: { type: "text", text: "hello" },
    });
    const [params, context] = sampling.mock.calls[0]! as unknown as [object, HandlerContext];
    expect(params).toMatchObject(SAMPLING.params);
    expect(context.server).toBe("demo");
    expect(context.session).toBe(session);
    expect(context.signal).toBeInstanceOf(AbortSignal);
    const whole = { role: "assistant", model: "mine", content: { type: "text", text: "yes" } };
    sampling.mockReturnValue(whole as never);
    expect(await ask(SAMPLING)).toMatchObject(whole);
  });

  it.each([
    ["nothing", undefined, { action: "decline" }],
    ["null", null, { action: "decline" }],
    ["data", { name: "Ada" }, { action: "accept", content: { name: "Ada" } }],
    ["an accept", { action: "accept", content: { a: "1" } }, { action: "accept", content: { a: "1" } }],
    ["a decline", { action: "decline" }, { action: "decline" }],
    ["a cancel", { action: "cancel" }, { action: "cancel" }],
    ["data with such a field", { action: "run" }, { action: "accept", content: { action: "run" } }],
    ["data with a number there", { action: 1 }, { action: "accept", content: { action: 1 } }],
  ])("to elicit is answered by %s", async (_what, answer, result) => {
    expect(await asking({ elicitation: () => answer as never }).ask(FORM)).toEqual(result);
  });

  it("to elicit goes to the handler of its mode", async () => {
    const [form, url] = [vi.fn(() => ({ by: "form" })), vi.fn(() => ({ action: "cancel" }))];
    const { ask, session } = asking({ elicitation: { form, url } });
    expect(await ask(FORM)).toEqual({ action: "accept", content: { by: "form" } });
    expect(form).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ message: "who?" }),
      expect.objectContaining({ session, server: "demo" }),
    );
    expect(await ask(URL_MODE)).toEqual({ action: "cancel" });
    expect(url).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ url: "https://example.com" }),
      expect.objectContaining({ session, server: "demo" }),
    );
  });

  it("to elicit in a mode that is declared and that nobody handles is declined", async () => {
    const capabilities = { elicitation: { form: {}, url: {} } };
    const url = asking({ elicitation: { url: () => ({}) }, capabilities });
    expect(await url.ask(FORM)).toEqual({ action: "decline" });
    const form = asking({ elicitation: { form: () => ({}) }, capabilities });
    expect(await form.ask(URL_MODE)).toEqual({ action: "decline" });
  });

  it("for roots is answered by what they are now", async () => {
    const { ask, session } = asking({ roots: ["/a"] });
    await session.setRoots(async () => ["/b"]).catch(() => {});
    expect(await ask(ROOTS)).toMatchObject({ roots: [{ uri: "file:///b" }] });
  });

  it("goes to the fallback where there is no handler for it", async () => {
    const { ask, session } = asking({});
    session.fallbackRequestHandler = async ({ method }) => ({ method });
    expect(await ask({ ...ROOTS, method: "custom/one" })).toEqual({ method: "custom/one" });
  });

  it.each(["session ends", "request is cancelled"])(
    "rejects when the %s, and its handler hears of it",
    async (what) => {
      let context: HandlerContext | undefined;
      const { session } = sessionOn(epochClient(), {
        sampling: (_params, given) => {
          context = given;
          return new Promise(() => {});
        },
      });
      const cancel = new AbortController();
      const answer = rejection(session.answer(SAMPLING as never, ctx(cancel.signal)));
      await settled();
      expect(context!.signal.aborted).toBe(false);
      const reason = new HoldfastError("SESSION_CLOSED", "over", {});
      if (what === "session ends") session.end(reason);
      else cancel.abort(reason);
      expect(await answer).toBe(reason);
      expect(context!.signal.aborted).toBe(true);
    },
  );

  it("leaves no listener behind once it is answered", async () => {
    const removed = vi.spyOn(AbortSignal.prototype, "removeEventListener");
    await asking({ sampling: handler }).ask(SAMPLING);
    await settled();
    expect(removed.mock.calls.filter(([type]) => type === "abort").length).toBeGreaterThan(0);
    removed.mockRestore();
  });
});

describe("what the server tells", () => {
  it("of its log reaches onLog from the wanted level on", async () => {
    const onLog = vi.fn();
    const { session } = sessionOn(epochClient(), { onLog, logLevel: "warning" });
    for (const level of ["info", "warning", "error"])
      session.deliver({ jsonrpc: "2.0", method: "notifications/message", params: { level, data: "x" } });
    await settled();
    expect(onLog.mock.calls.map(([{ level }]) => level)).toEqual(["warning", "error"]);
  });

  it.each(["tools", "prompts", "resources"])("of its %s reaches onListChanged", async (kind) => {
    const onListChanged = vi.fn();
    const { session } = sessionOn(epochClient(), { onListChanged });
    session.deliver({ jsonrpc: "2.0", method: `notifications/${kind}/list_changed` });
    await settled();
    expect(onListChanged).toHaveBeenCalledExactlyOnceWith({ kind });
  });
});

describe("what the server tells and no option wants", () => {
  it.each(["message", "tools/list_changed"])("is left to the fallback: %s", async (kind) => {
    const { session } = sessionOn(epochClient());
    session.fallbackNotificationHandler = vi.fn(async () => {});
    const params = { level: "info", data: "x" };
    session.deliver({ jsonrpc: "2.0", method: `notifications/${kind}`, params });
    await settled();
    expect(session.fallbackNotificationHandler).toHaveBeenCalledTimes(1);
  });
});

describe("roots", () => {
  it.each([
    ["a path", "/tmp/work", { uri: "file:///tmp/work", name: "work" }],
    ["a file URL as text", "file:///tmp/a%20b", { uri: "file:///tmp/a%20b", name: "a b" }],
    ["a file URL", new URL("file:///etc"), { uri: "file:///etc", name: "etc" }],
    ["another URL", new URL("https://a.b/c"), { uri: "https://a.b/c", name: "https://a.b/c" }],
    ["a whole root", { uri: "x:y", name: "mine" }, { uri: "x:y", name: "mine" }],
    ["a relative path", "src", { uri: pathToFileURL("src").href, name: "src" }],
  ])("may be %s", async (_what, given, root) => {
    expect(await listRoots([given])).toEqual({ roots: [root] });
    expect(await listRoots(async () => [given])).toEqual({ roots: [root] });
  });
});
