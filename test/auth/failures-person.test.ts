import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import type { AuthorizeContext } from "../../src/auth/sign-in/options.js";
import { stopTime } from "../support/fake-timers.js";
import {
  doesNothing,
  expectGone,
  failureOf,
  page,
  refuseLastToken,
  saysNo,
  signsIn,
  until,
  withPerson,
} from "../support/person.js";

const echo = { name: "echo", arguments: { message: "hi" } };
const echoed = { content: [{ type: "text", text: "Echo: hi" }] };

/** The address to come back to, with these parameters. */
function back({ redirectUrl }: AuthorizeContext, params: Record<string, string>): URL {
  const url = new URL(redirectUrl);
  url.search = String(new URLSearchParams(params));
  return url;
}

/** A GET with a Host header, which `fetch` does not let anybody set. */
async function getAs(host: string, url: URL | string, method = "GET"): Promise<number> {
  const asked = request(url, { method, headers: { host }, agent: false }).end();
  const [response] = await once(asked, "response");
  response.resume();
  return response.statusCode;
}

describe("what comes back from the browser", () => {
  it("with a wrong state is not taken, and the sign-in goes on", async () => {
    const pages: { status: number; text: string }[] = [];
    const { transport, asked } = await withPerson(async (url, context, world) => {
      for (const state of ["wrong", "", "x".repeat(url.searchParams.get("state")!.length)])
        pages.push(await page(back(context, { code: "c", state })));
      pages.push(await page(back(context, { code: "c" })));
      pages.push(await page(back(context, { error: "access_denied", state: "wrong" })));
      signsIn(url, context, world);
    });
    expect(await transport.withSession((session) => session.callTool(echo))).toMatchObject(echoed);
    expect(pages.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400]);
    expect(pages[0]!.text).toContain("This is the answer to another sign-in");
    await expectGone(asked[0]!.context.redirectUrl);
  });

  it("a second time is refused, and the first one counts", async () => {
    let pages: Promise<{ status: number; text: string }[]> | undefined;
    const { transport, world, asked } = await withPerson(async (url, _context, { auth }) => {
      const address = await auth.approve(url);
      // The code is not traded before the second answer was given.
      auth.setFault(async (request) => {
        if (request.url === "/token") await second;
        return false;
      });
      const first = page(address);
      // The first is being looked at when the next step is told.
      const second = until(transport, ({ authorizing }) => authorizing?.step === "exchanging").then(() =>
        page(address),
      );
      pages = Promise.all([first, second]);
    });
    expect(await transport.withSession((session) => session.callTool(echo))).toMatchObject(echoed);
    const [first, second] = await pages!;
    expect(first).toMatchObject({ status: 200, text: expect.stringContaining("You are signed in") });
    expect(second).toMatchObject({ status: 409, text: expect.stringContaining("answered already") });
    expect(world.auth.counts.token.authorization_code).toBe(1);
    await expectGone(asked[0]!.context.redirectUrl);
  });

  it("a no ends the sign-in, and the page says so", async () => {
    let shown: Promise<{ status: number; text: string }> | undefined;
    const { transport, asked } = await withPerson(async (url, _context, { auth }) => {
      shown = page(await auth.approve(url, { deny: true }));
    });
    const error = await failureOf(transport.connectSession());
    const message = "files: not signed in: it was refused (the person said no)";
    expect(error).toMatchObject({ code: "AUTH_REQUIRED", server: "files", message });
    expect(await shown).toMatchObject({
      status: 400,
      text: expect.stringContaining("You are not signed in"),
    });
    await until(transport, ({ state }) => state === "closed");
    expect(transport.status).toMatchObject({
      authorizing: undefined,
      lastError: { code: "AUTH_REQUIRED", message },
    });
    await expectGone(asked[0]!.context.redirectUrl);
  });

  it.each([{ iss: "https://evil.example" }, { iss: undefined }])(
    "with the issuer $iss is not used",
    async ({ iss }) => {
      const { transport, auth, asked } = await withPerson(async (url, _context, { auth }) => {
        const address = await auth.approve(url);
        if (iss === undefined) address.searchParams.delete("iss");
        else address.searchParams.set("iss", iss);
        page(address).catch(() => {});
      });
      const error = await failureOf(transport.connectSession());
      expect(error).toMatchObject({ code: "AUTH_REQUIRED", server: "files" });
      expect(error.message).toBe(
        "files: the answer of the sign-in does not come from the authorization server that was asked",
      );
      expect(auth.counts.token.authorization_code).toBe(0);
      await expectGone(asked[0]!.context.redirectUrl);
    },
  );

  it("under a foreign host, for another path, or with another method is not there", async () => {
    const statuses: number[] = [];
    const { transport } = await withPerson(async (url, context, world) => {
      const state = url.searchParams.get("state")!;
      const address = back(context, { code: "c", state });
      const { port } = address;
      statuses.push(await getAs(`evil.example:${port}`, address), await getAs("evil.example", address));
      statuses.push(await getAs(`127.0.0.1:${port}`, address, "POST"));
      const other = new URL(address);
      other.pathname = "/other";
      statuses.push(await getAs(`127.0.0.1:${port}`, other));
      signsIn(url, context, world);
    });
    await transport.withSession((session) => session.callTool(echo));
    expect(statuses).toEqual([404, 404, 404, 404]);
  });

  it("without a code is an error of its own", async () => {
    const { transport } = await withPerson((url, context, { auth }) => {
      const state = url.searchParams.get("state")!;
      page(back(context, { state, iss: auth.issuer })).catch(() => {});
    });
    const error = await failureOf(transport.connectSession());
    expect(error).toMatchObject({ code: "AUTH_REQUIRED" });
    expect(error.message).toBe("files: the answer of the sign-in holds no code");
  });
});

describe("a person who does nothing", () => {
  it("is waited for as long as was said", async () => {
    const { transport, asked } = await withPerson(doesNothing, { timeoutMs: 300 });
    const error = await failureOf(transport.connectSession());
    const message = "files: nobody signed in within 0.3 s. Connect again to be asked again.";
    expect(error).toMatchObject({ code: "AUTH_REQUIRED", server: "files", message });
    await until(transport, ({ state }) => state === "closed");
    expect(transport.status).toMatchObject({
      authorizing: undefined,
      lastError: { code: "AUTH_REQUIRED", message },
    });
    expect(asked).toHaveLength(1);
    expect(asked[0]!.context.signal.aborted).toBe(true);
    await expectGone(asked[0]!.context.redirectUrl);
  });

  it("in mid-session: the call and the transport end with that", async () => {
    const { transport, server, auth, asked, person } = await withPerson(signsIn, { timeoutMs: 60_000 });
    const session = await transport.connectSession();
    const pass = stopTime();
    person.does = doesNothing;
    refuseLastToken(server);
    auth.revokeRefreshTokens();
    const call = failureOf(session.callTool(echo, { timeout: 300_000 }));
    await until(transport, ({ authorizing }) => authorizing?.step === "waiting");
    await pass(60_000);
    const error = await call;
    expect(error).toMatchObject({ code: "AUTH_REQUIRED" });
    expect(error.message).toBe("files: nobody signed in within 60 s. Connect again to be asked again.");
    await until(transport, ({ state }) => state === "closed");
    expect(server.counts.calls).toBe(0);
    await expectGone(asked[1]!.context.redirectUrl);
  });

  it("and connects again is asked again", async () => {
    const { transport, asked, person } = await withPerson(saysNo);
    await failureOf(transport.connectSession());
    person.does = signsIn;
    expect(await transport.withSession((session) => session.callTool(echo))).toMatchObject(echoed);
    expect(asked).toHaveLength(2);
  });

  it.each(["throws", "rejects"])("onAuthorize that %s is told, and is not asked again", async (how) => {
    let calls = 0;
    const onAuthorize = () => {
      calls++;
      if (how === "throws") throw new Error("no window");
      return Promise.reject(new Error("no window"));
    };
    const { transport } = await withPerson(
      doesNothing,
      { onAuthorize },
      {},
      { reconnect: { initial: true } },
    );
    const error = await failureOf(transport.connectSession());
    expect(error).toMatchObject({ code: "AUTH_REQUIRED", message: "files: onAuthorize failed: no window" });
    expect(calls).toBe(1);
  });
});

it("a callbackPort that another program has is named", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo;
  const { transport, asked, auth } = await withPerson(signsIn, { callbackPort: port });
  const error = await failureOf(transport.connectSession());
  expect(error).toMatchObject({ code: "AUTH_REQUIRED", server: "files" });
  expect(error.message).toBe(
    `files: cannot wait for the browser on port ${port} of 127.0.0.1: it is taken. End the program that has it, or choose another callbackPort.`,
  );
  expect(asked).toHaveLength(0);
  expect(auth.counts.registrations).toBe(0);
  expect(transport.status.lastError?.code).toBe("AUTH_REQUIRED");
});
