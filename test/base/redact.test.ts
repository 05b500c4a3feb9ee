import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { HoldfastError } from "../../src/base/errors.js";
import { redactor, Secrets, shownUrl } from "../../src/base/redact.js";
import { shown } from "../../src/base/shown.js";

const CANARY = "CANARY-a/b+c=1 2";

function knowing(tell: (secrets: Secrets) => void): Secrets {
  const secrets = new Secrets();
  tell(secrets);
  return secrets;
}

describe("what was told in confidence", () => {
  it.each<[string, (secrets: Secrets) => void, string]>([
    ["a header", (s) => s.addHeaders({ "X-Any": "canary-of-header" }), "canary-of-header"],
    ["a bearer token", (s) => s.addHeaders({ Authorization: "Bearer canary-of-bearer" }), "canary-of-bearer"],
    ["a short bearer token", (s) => s.addHeaders({ Authorization: "Bearer cana7" }), "cana7"],
    [
      "a password of Basic",
      (s) => s.addHeaders({ Authorization: "Basic YWRhOmNhbmFyeS1wdw==" }),
      "canary-pw",
    ],
    ["a cookie", (s) => s.addHeaders({ Cookie: "a=1; sid=canary-of-cookie" }), "canary-of-cookie"],
    ["a variable", (s) => s.addNamed("ANY", "canary-of-env", { given: true }), "canary-of-env"],
    ["a short variable that says so", (s) => s.addNamed("PIN", "cana7"), "cana7"],
    ["a variable handed over", (s) => s.addNamed("MY_CRED", "canary-of-cred"), "canary-of-cred"],
    ["a URL in a variable", (s) => s.addNamed("DB", "postgres://ada:canarypw@db/x"), "canarypw"],
    ["the password of a URL, as it is meant", (s) => s.addUrl("https://ada:canary%2Fpw@x/"), "canary/pw"],
    ["the password of a URL, as it is written", (s) => s.addUrl("https://ada:canary%2Fpw@x/"), "canary%2Fpw"],
    ["the pair of a URL, as it is sent", (s) => s.addUrl("https://ada:canarypw@x/"), "YWRhOmNhbmFyeXB3"],
    ["a user alone", (s) => s.addUrl("https://cana7@x/"), "cana7"],
    ["a query", (s) => s.addUrl("https://x/?q=canary-of-query"), "canary-of-query"],
    ["a short key in a query", (s) => s.addUrl("https://x/?api_key=cana7"), "cana7"],
    ["a key in a path", (s) => s.addUrl("https://x/s/caNary0a1b2c3d4e5f6g/mcp"), "caNary0a1b2c3d4e5f6g"],
    [
      "a UUID in a path",
      (s) => s.addUrl("https://x/6f1b2c3d-aaaa-bbbb-cccc-0123456789ab/mcp"),
      "6f1b2c3d-aaaa-bbbb-cccc-0123456789ab",
    ],
    ["--name=value", (s) => s.addArguments(["--api-key=canary-of-arg"]), "canary-of-arg"],
    ["--name value", (s) => s.addArguments(["--token", "canary-next"]), "canary-next"],
    ["-e NAME=value", (s) => s.addArguments(["-e", "API_KEY=canary-of-e"]), "canary-of-e"],
    [
      "a header as an argument",
      (s) => s.addArguments(["-H", "Authorization: Bearer canary-of-h"]),
      "canary-of-h",
    ],
    [
      "JSON as an argument",
      (s) => s.addArguments(['--config={"apiKey":"canary-of-json"}']),
      "canary-of-json",
    ],
    ["a URL as an argument", (s) => s.addArguments(["postgres://u:canarypw@h/db"]), "canarypw"],
    ["a known form as an argument", (s) => s.addArguments(["ghp_canary0123456789"]), "ghp_canary0123456789"],
    ["a token that came later", (s) => s.addFresh("canary-of-later"), "canary-of-later"],
    ["what the user marks", (s) => s.add("cana7", { named: true }), "cana7"],
  ])("%s is taken out", (_origin, tell, secret) => {
    const secrets = knowing(tell);
    expect(secrets.redact(`it said <${secret}>`)).toBe("it said <[redacted]>");
  });

  it("is known in the forms in which it may come back", () => {
    const secrets = knowing((s) => s.add(CANARY));
    const forms = [
      CANARY,
      encodeURIComponent(CANARY),
      encodeURIComponent(CANARY).toLowerCase().replace("canary", "CANARY"),
      String(new URLSearchParams({ s: CANARY })).slice(2),
      Buffer.from(CANARY).toString("base64").replace(/=+$/, ""),
    ];
    for (const form of forms) expect(secrets.redact(`"${form}"`)).toBe('"[redacted]"');
    const odd = `pä(ss) w*rd&"<x>/'y'`;
    const quoted = encodeURIComponent(odd).replace(
      /[!'()*]/g,
      (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
    );
    const json = JSON.stringify(odd).slice(1, -1);
    const ascii = json.replaceAll("ä", "\\u00e4");
    const html = odd.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
    const asOthersWriteIt = {
      "Python's quote": quoted.replaceAll("%2F", "/"),
      "Python's quote without safe characters": quoted,
      "Python's quote_plus": quoted.replaceAll("%20", "+"),
      "Python's JSON": ascii,
      "Go's JSON": json.replaceAll("&", "\\u0026").replaceAll("<", "\\u003c").replaceAll(">", "\\u003e"),
      "PHP's JSON": ascii.replaceAll("/", "\\/"),
      "a page of Python's": html.replaceAll('"', "&quot;").replaceAll("'", "&#x27;"),
      "a page of Express": html.replaceAll('"', "&quot;").replaceAll("'", "&#39;"),
      "a page of Go's": html.replaceAll('"', "&#34;").replaceAll("'", "&#39;"),
    };
    const strict = knowing((s) => s.add(odd));
    for (const [how, form] of Object.entries(asOthersWriteIt))
      expect(strict.redact(`<${form}>`), how).toBe("<[redacted]>");
    const bytes = knowing((s) => s.add("subjects?_d>>>~~~x"));
    expect(bytes.redact(Buffer.from("subjects?_d>>>~~~x").toString("base64url"))).toBe("[redacted]");
    const lines = knowing((s) => s.add('first-"line"\nsecond-line'));
    expect(lines.redact('first-"line", second-line')).toBe("[redacted], [redacted]");
    expect(lines.redact(JSON.stringify('first-"line"\nsecond-line'))).toBe('"[redacted]"');
  });

  it.each<[string, (secrets: Secrets) => void, string]>([
    ["a media type", (s) => s.addHeaders({ "x-type": "application/json" }), "application/json"],
    ["Bearer", (s) => s.addHeaders({ Authorization: "Bearer x" }), "Bearer"],
    ["what a header never hides", (s) => s.addHeaders({ "User-Agent": "my-agent/1.0" }), "my-agent/1.0"],
    ["a word of every program", (s) => s.addNamed("NODE_ENV", "production", { given: true }), "production"],
    ["a short value without a telling name", (s) => s.addNamed("A", "short", { given: true }), "short"],
    ["under four characters", (s) => s.addNamed("PIN", "123"), "123"],
    ["a part of a word", (s) => s.addNamed("PIN", "cana"), "canary"],
    ["a version in a path", (s) => s.addUrl("https://x/v1/mcp-server-2025/sse"), "mcp-server-2025"],
    ["the working directory", (s) => s.addNamed("PWD", "/home/me/project"), "/home/me/project"],
    [
      "a plain argument",
      (s) => s.addArguments(["--level", "verbose-please", "a-server@1.2.3"]),
      "verbose-please a-server@1.2.3",
    ],
  ])("%s stays", (_what, tell, text) => {
    expect(knowing(tell).redact(text)).toBe(text);
  });

  it("is taken out where a quotation ends within it, too", () => {
    const secrets = knowing((s) => s.add("canary-that-is-long"));
    for (const end of ["", "…", '"', "\\", "\n"])
      expect(secrets.redact(`it said canary-that-is${end}`)).toBe(`it said [redacted]${end}`);
    expect(secrets.redact("canary-that-was canary-")).toBe("canary-that-was canary-");
    expect(secrets.redact("canary-tcanary-that-is-long")).toBe("canary-t[redacted]");
  });

  it("is as much as the last tokens, and no more", () => {
    const secrets = new Secrets();
    const token = (i: number) => `token-number-${i}-`;
    for (let i = 0; i < 1_000; i++) secrets.addFresh(token(i));
    expect(secrets.redact(token(999) + token(990) + token(0))).toBe(`[redacted][redacted]${token(0)}`);
  });

  it("is in no name that is made of a URL", () => {
    const url = new URL("https://ada:pw@x.test:1/s/caNary0a1b2c3d4e5f6g/mcp?key=1#2");
    expect(shownUrl(url)).toBe("https://x.test:1/s/[redacted]/mcp");
    expect(redactor([])("nothing is secret")).toBe("nothing is secret");
  });
});

describe("an error that leaves a connection", () => {
  const secrets = knowing((s) => s.add("canary-of-all"));
  const bad = "canary-of-all \u001b]0;x\u0007";

  it("holds no secret, however it is printed, and stays the same object", () => {
    const deepest = Object.assign(new TypeError(bad), { path: bad, spawnargs: ["-e", bad] });
    const many = new AggregateError([deepest, new Error(bad)], bad);
    const data = { said: bad, list: [{ [bad]: bad }], count: 1, lost: new Error(bad, { cause: many }) };
    const foreign = Object.assign(new Error(bad, { cause: many }), { data });
    const error = new HoldfastError("SPAWN_FAILED", bad, { stderr: bad, cause: foreign });
    const told = shown(secrets, error);
    expect(told).toBe(error);
    expect(told.cause).toBe(foreign);
    expect(foreign.cause).toBe(many);
    const texts = [
      inspect(told, { depth: 20 }),
      JSON.stringify(told),
      JSON.stringify(foreign),
      String(many.stack),
      `${told.stack}`,
    ];
    for (const text of texts) {
      expect(text).not.toContain("canary");
      expect(text).not.toContain("\u001b");
    }
    expect(foreign.data).toMatchObject({ count: 1 });
    expect(many.message).toBe("[redacted] \\u{1b}]0;x\\u{7}");
  });

  it("is left alone where there is nothing to take out, in a circle, frozen, or too deep", () => {
    const data = { a: [1, { b: "plain" }] };
    expect(shown(secrets, data)).toBe(data);
    const circle: Record<string, unknown> = { text: bad };
    circle["self"] = circle;
    expect(shown(secrets, circle)).toMatchObject({ text: "[redacted] \\u{1b}]0;x\\u{7}" });
    const looped = new Error(bad);
    looped.cause = looped;
    expect(shown(secrets, looped).message).not.toContain("canary");
    expect(shown(secrets, Object.freeze(new Error(bad)))).toBeInstanceOf(Error);
    let deep: unknown = bad;
    for (let i = 0; i < 5_000; i++) deep = [deep];
    expect(JSON.stringify(shown(secrets, deep))).not.toContain("canary");
    expect(shown(secrets, 7)).toBe(7);
    expect(shown(secrets, new Map([[1, bad]]))).toBeInstanceOf(Map);
  });

  it("keeps the whole answer that its caller may want", () => {
    const result = { content: [{ type: "text" as const, text: "canary-of-all" }] };
    const about = { outcome: "done" as const, method: "tools/call", answer: bad, result };
    const error = shown(secrets, new HoldfastError("INVALID_ANSWER", bad, about));
    expect(error).toMatchObject({ answer: expect.not.stringContaining("canary"), result });
  });
});
