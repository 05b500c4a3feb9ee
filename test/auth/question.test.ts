import { describe, expect, it, onTestFinished, vi } from "vitest";
import { clientCredentials } from "../../src/auth/credentials/client-credentials.js";
import { oauth } from "../../src/auth/credentials/source.js";
import type { AuthorizeContext } from "../../src/auth/sign-in/options.js";
import { memoryStore } from "../../src/auth/store/memory.js";
import { MCPConfigTransport } from "../../src/composite/config-transport.js";
import { StreamableHttpTransport } from "../../src/transports/http.js";
import { oneOrigin } from "../support/one-origin.js";
import { failureOf, signsIn, withPerson } from "../support/person.js";

/** Goes to the page, and hands back where that leads. */
const visits = async (url: URL) =>
  (await fetch(url, { redirect: "manual" })).headers.get("location") ?? undefined;

function signingIn(url: string, options: Parameters<typeof oauth>[0] = {}) {
  const contexts: AuthorizeContext[] = [];
  const auth = oauth({
    store: memoryStore(),
    onAuthorize: (page, context) => {
      contexts.push(context);
      return visits(page);
    },
    ...options,
  });
  const transport = new StreamableHttpTransport({ name: "files", url, auth });
  onTestFinished(() => transport.close());
  const notes: (readonly string[] | undefined)[] = [];
  transport.subscribe((_status, event) => {
    if (event.type === "authorizing") notes.push(event.authorizing.notes);
  });
  return { transport, contexts, notes };
}

const UNNAMED = /does not name the authorization server that gave it \(iss, RFC 9207\)/;
const UNPROMISED = /does not promise to name itself in its answer \(iss, RFC 9207\)/;

describe("whoever is asked to sign in", () => {
  it("hears who asks, where the page is, and what is unusual; so does who looks at the status", async () => {
    const { origin } = await oneOrigin();
    const { transport, contexts, notes } = signingIn(`${origin}/mcp`);
    expect(await failureOf(transport.connect())).toMatchObject({ code: "AUTH_REQUIRED" });
    const { host } = new URL(origin);
    const wide = `The token is to be good for ${origin}, which is more than ${origin}/mcp.`;
    expect(contexts).toHaveLength(1);
    expect(contexts[0]).toMatchObject({
      server: "files",
      pageHost: host,
      question: `files (${host}) wants you to sign in at ${host}`,
      notes: [wide, expect.stringMatching(UNPROMISED)],
    });
    const said = notes.filter((note) => note !== undefined);
    expect(said).toEqual([contexts[0]!.notes, [expect.stringMatching(UNNAMED)]]);
  });

  it("hears of no missing name where there is one", async () => {
    const { origin } = await oneOrigin({ authorization_response_iss_parameter_supported: true });
    const { transport, notes } = signingIn(`${origin}/`, {
      onAuthorize: async (page) => `${await visits(page)}&iss=${encodeURIComponent(origin)}`,
    });
    await failureOf(transport.connect());
    expect(notes.length).toBeGreaterThan(2);
    expect(notes.filter((note) => note !== undefined)).toEqual([]);
  });

  it("is not sent to a page on another site, unless that is allowed", async () => {
    const page = "http://localhost:9/login";
    const { origin } = await oneOrigin({ authorization_endpoint: page });
    const refused = signingIn(`${origin}/mcp`);
    const error = await failureOf(refused.transport.connect());
    expect(error).toMatchObject({ code: "AUTH_REQUIRED", server: "files" });
    expect(error.message).toMatch(/^files: signing in is not safe: the page is at localhost:9, another site/);
    expect(refused.contexts).toEqual([]);
    const pages: string[] = [];
    const allowed = signingIn(`${origin}/mcp`, {
      pageHosts: ["localhost"],
      onAuthorize: ({ host }, { notes }) => {
        pages.push(host, ...notes);
        throw new Error("seen");
      },
    });
    await failureOf(allowed.transport.connect());
    expect(pages.slice(0, 2)).toEqual([
      "localhost:9",
      expect.stringMatching(/^The page is at localhost:9, another site/),
    ]);
  });

  // Elsewhere there is always a browser, and it would open.
  it.skipIf(process.platform !== "linux")("is told before the browser opens", async () => {
    const said: string[] = [];
    const spy = vi.spyOn(console, "error").mockImplementation((text) => void said.push(text));
    onTestFinished(() => spy.mockRestore());
    for (const name of ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME", "BROWSER"]) vi.stubEnv(name, "");
    onTestFinished(() => void vi.unstubAllEnvs());
    const { server } = await withPerson(signsIn);
    const auth = oauth({ store: memoryStore(), timeoutMs: 100 });
    const transport = new StreamableHttpTransport({ name: "files", url: server.url, auth });
    onTestFinished(() => transport.close());
    await failureOf(transport.connect());
    expect(said[0]).toMatch(/^files \(127\.0\.0\.1:\d+\) wants you to sign in at 127\.0\.0\.1:\d+\.(\n|$)/);
    expect(said[1]).toMatch(/^Open this page:\nhttp:/);
  });
});

it("a server of a config gets no token that is good for another one of it", async () => {
  const { origin } = await oneOrigin();
  const asked: string[] = [];
  const transport = new MCPConfigTransport({
    config: { mcpServers: { one: { url: `${origin}/mcp` }, other: { url: `${origin}/other` } } },
    defaultAuth: oauth({
      store: memoryStore(),
      onAuthorize: (page, { server }) => {
        asked.push(server);
        return visits(page);
      },
    }),
    strict: true,
    reconnect: false,
  });
  onTestFinished(() => transport.close());
  const error = await failureOf(transport.connect());
  expect(error.message).toMatch(/and the server "(one|other)" of this config is there too/);
  expect(asked).toEqual([]);
  await transport.setConfig({ mcpServers: { one: { url: `${origin}/mcp` } } });
  await failureOf(transport.connect());
  expect(asked).toEqual(["one"]);
});

it("nor does one that a program signs in to by itself", async () => {
  const { origin, asked } = await oneOrigin();
  const defaultAuth = clientCredentials({ clientId: "c", clientSecret: "the-secret", issuer: origin });
  const one = { url: `${origin}/mcp` };
  const options = { defaultAuth, strict: true, reconnect: false } as const;
  const connecting = async (config: object) => {
    const transport = new MCPConfigTransport({ config, ...options });
    onTestFinished(() => transport.close());
    return failureOf(transport.connect());
  };
  const error = await connecting({ mcpServers: { one, other: { url: `${origin}/other` } } });
  expect(error.message).toMatch(/and the server "(one|other)" of this config is there too/);
  const tokens = () => asked.filter(({ url }) => url === "/token");
  expect(tokens()).toEqual([]);
  await connecting({ mcpServers: { one } });
  // The refusal of the token endpoint is asked for twice.
  const resources = new Set(tokens().map(({ body }) => new URLSearchParams(body).get("resource")));
  expect([...resources]).toEqual([`${origin}/`]);
  const before = tokens().length;
  const strict = clientCredentials({
    clientId: "c",
    clientSecret: "s3cret",
    issuer: origin,
    strictResource: true,
  });
  const refused = new StreamableHttpTransport({ name: "jobs", url: `${origin}/mcp`, auth: strict });
  onTestFinished(() => refused.close());
  expect((await failureOf(refused.connect())).message).toMatch(/^jobs: the token is to be good for/);
  expect(tokens()).toHaveLength(before);
});
