import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { oauth } from "../../src/auth/credentials/source.js";
import { memoryStore } from "../../src/auth/store/memory.js";
import type { ConnectionEvent } from "../../src/contract/status.js";
import { StreamableHttpTransport } from "../../src/transports/http.js";
import { fastmcpOAuth } from "../support/fastmcp-oauth.js";
import { closing } from "../support/fixtures.js";
import { describeWith } from "../support/peers.js";
import { signInWorld } from "../support/sign-in-world.js";
import { withBrowser } from "./browser.js";

describeWith(["chromium"], "a person with a browser", () => {
  const open = withBrowser();

  /** Another page than the first is asked for: that is what a sign-in is. */
  const REDIRECTS = /^asked http:\/\/127\.0\.0\.1/;

  const logIn = async (page: Page) => {
    await page.fill("input[name=login]", "person");
    await page.fill("input[name=password]", "secret");
    await page.click("button");
  };

  it("signs in, and sees each step of it in the status", async () => {
    const { auth, server } = await signInWorld();
    let ended = "";
    let browsing: Promise<void> | undefined;
    const transport = closing(
      new StreamableHttpTransport({
        url: server.url,
        name: "weather",
        auth: oauth({
          store: memoryStore(),
          clientName: "my agent",
          onAuthorize: (url) => {
            browsing = open(
              url.href,
              async (page) => {
                await logIn(page);
                await page.locator("#client").waitFor();
                await page.click("button[value=allow]");
                await page.getByText("You are signed in").waitFor();
                ended = (await page.locator("body").textContent()) ?? "";
                if (process.env["HOLDFAST_SHOT"])
                  await page.screenshot({ path: process.env["HOLDFAST_SHOT"] });
              },
              REDIRECTS,
            );
            return browsing;
          },
        }),
      }),
    );
    const steps: string[] = [];
    const states: string[] = [];
    transport.subscribe((status, event: ConnectionEvent) => {
      if (event.type === "transition") states.push(event.to);
      if (event.type !== "authorizing") return;
      steps.push(event.authorizing.step);
      expect(status).toMatchObject({
        state: "connecting",
        detail: "authorizing",
        authorizing: event.authorizing,
      });
      if (event.authorizing.step === "waiting") {
        expect(event.authorizing.todo).toMatch(/^Sign in at http/);
        expect(event.authorizing.until).toBeGreaterThan(Date.now() + 200_000);
      }
    });
    await transport.withSession(async (session) => {
      const answer = await session.callTool({ name: "echo", arguments: { message: "hello" } });
      expect(answer.content).toEqual([{ type: "text", text: "Echo: hello" }]);
    });
    await browsing;
    expect(ended).toContain("weather can be used now. You may close this page.");
    expect(steps).toEqual(["discovering", "registering", "waiting", "exchanging"]);
    expect(states.slice(0, 4)).toEqual([
      "connecting.opening",
      "connecting.authorizing",
      "connecting.opening",
      "connected.steady",
    ]);
    expect(transport.status.authorizing).toBeUndefined();
    expect(auth.counts.registrations).toBe(1);
  });

  it("who says no is told so, and so is the program", async () => {
    const { server } = await signInWorld();
    let browsing: Promise<void> | undefined;
    const transport = closing(
      new StreamableHttpTransport({
        url: server.url,
        name: "weather",
        auth: oauth({
          store: memoryStore(),
          onAuthorize: (url) => {
            browsing = open(
              url.href,
              async (page) => {
                await logIn(page);
                await page.click("button[value=deny]");
                await page.getByText("You are not signed in").waitFor();
              },
              /^asked http:\/\/127\.0\.0\.1|status of 400/,
            );
            return browsing;
          },
        }),
      }),
    );
    await expect(transport.connect()).rejects.toMatchObject({
      code: "AUTH_REQUIRED",
      message: expect.stringContaining("weather: not signed in: it was refused"),
    });
    await browsing;
    expect(transport.status.state).toBe("closed");
  });
});

describeWith(["fastmcp"], "a FastMCP server that is its own authorization server", () => {
  it("is signed in to, and its tokens are refreshed before they expire", async () => {
    const peer = await fastmcpOAuth({ accessTokenSeconds: 5 });
    let asked = 0;
    const transport = closing(
      new StreamableHttpTransport({
        url: peer.url,
        auth: oauth({
          store: memoryStore(),
          onAuthorize: (url) => {
            asked++;
            return peer.approve(url);
          },
        }),
      }),
    );
    await transport.withSession(async (session) => {
      // It forgets the refresh token with the access token, so only what is refreshed in time holds.
      for (const until = Date.now() + 9_000; Date.now() < until; ) {
        const answer = await session.callTool({ name: "echo", arguments: { message: "hello" } });
        expect(answer.isError).toBeFalsy();
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    });
    expect(asked).toBe(1);
  });
});
