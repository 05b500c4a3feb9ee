import { describe, expect, it } from "vitest";
import { lives, recorded, rejection, stdioFixture, textOf, until } from "../support/fixtures.js";

const ESC = "\u001b";
const around: [name: string, text: string][] = [
  ["a byte order mark", "\u{feff}"],
  ["terminal codes", `${ESC}]0;npm exec\u0007${ESC}[2J${ESC}[H`],
  ["a banner without a newline", "Server ready... "],
  ["a banner with braces", "Loaded {} of {plugins} "],
  ["log lines", 'INFO starting\n{"level":"info","id":1}\n'],
];

const server = (env: Record<string, string>, era: "legacy" | "auto") =>
  stdioFixture({ server: "around-server.mjs", env, era }).transport;

describe("a server that prints around its messages", () => {
  for (const [name, text] of [...around, ["another message on the line", ""]]) {
    const env = text === "" ? { FIXTURE_FORM: "twice" } : { FIXTURE_AROUND: text! };
    it.each([
      ["legacy", "legacy", {}],
      ["auto", "legacy", {}],
      ["auto", "modern", { FIXTURE_MODERN: "1" }],
    ] as const)(`${name}, is reached (%s, %s), and again after a restart`, async (era, found, more) => {
      const transport = server({ ...env, ...more }, era);
      const session = await transport.connectSession();
      expect(transport.status).toMatchObject({ era: found, epoch: 1 });
      for (let epoch = 1; epoch <= 2; epoch++) {
        expect((await session.listTools()).tools.map((tool) => tool.name)).toEqual(["small"]);
        expect(textOf(await session.callTool({ name: "small" }))).toBe("small");
        expect(transport.status.epoch).toBe(epoch);
        const { pid } = transport.status;
        process.kill(pid!, "SIGKILL");
        await until(() => !lives(pid!) && transport.status.pid !== pid);
      }
    });
  }
});

describe("a server with another framing", () => {
  it.each([
    ["pretty", "legacy", /several lines/],
    ["pretty", "auto", /several lines/],
    ["cut", "legacy", /several lines/],
    ["content-length", "legacy", /Content-Length/],
    ["content-length", "auto", /Content-Length/],
  ] as const)("%s (%s) fails at once with that word", async (form, era, word) => {
    const transport = server({ FIXTURE_FORM: form }, era);
    const events = recorded(transport);
    const error = (await rejection(transport.connectSession())) as Error & { code: string };
    expect(error.message).toMatch(word);
    expect(error.message).toMatch(/^fixture: /);
    // Not by waiting for the probe or the connect deadline.
    expect(error.code).not.toBe("CONNECT_TIMEOUT");
    expect(
      events.filter((event) => event.type === "transition" && event.to === "connecting.opening"),
    ).toHaveLength(1);
  });
});

describe("a call to a server that does not read", () => {
  it("is never seen by it once its time was over", async () => {
    const { transport, did } = stdioFixture({ server: "around-server.mjs" });
    const session = await transport.connectSession();
    const { pid } = transport.status;
    process.kill(pid!, "SIGSTOP");
    const large = session.callTool({ name: "first", arguments: { pad: "x".repeat(1024 * 1024) } });
    const late = session.callTool({ name: "late" }, { timeout: 50 });
    const aborter = new AbortController();
    const aborted = session.callTool({ name: "aborted" }, { signal: aborter.signal });
    const last = session.callTool({ name: "last" });
    expect(await rejection(late)).toMatchObject({ code: "REQUEST_TIMEOUT" });
    const ending = rejection(aborted);
    aborter.abort(new Error("not wanted"));
    await ending;
    process.kill(pid!, "SIGCONT");
    await Promise.all([large, last]);
    expect(did()).toEqual(["first", "last"]);
  });
});
