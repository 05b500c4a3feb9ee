import { describe, expect, it, vi } from "vitest";
import type { Answer, Callback } from "../../../src/auth/sign-in/callback.js";
import { page } from "../../../src/auth/sign-in/page.js";
import { askPerson, codeIn, type PersonRequest } from "../../../src/auth/sign-in/person.js";
import { HoldfastError } from "../../../src/base/errors.js";
import { discovered, ISSUER, signInOf } from "../../support/discovered.js";
import { stopTime } from "../../support/fake-timers.js";
import { rejection } from "../../support/settling.js";

const PAGE = new URL("https://auth.example/authorize?x=1");
const answer: Answer = { code: "c", iss: ISSUER, error: undefined, description: undefined };
const never = () => new Promise<never>(() => {});

/** A sign-in whose browser answers as a test says. */
function asking(options: PersonRequest["options"], more: Partial<PersonRequest> = {}, notes: string[] = []) {
  let give = (_answer: Answer) => {};
  const answered = new Promise<Answer>((resolve) => (give = resolve));
  const accept = vi.fn(() => give(answer));
  const callback = { answer: answered, accept, redirectUrl: "http://127.0.0.1:7/callback" };
  const over = new AbortController();
  const progress = vi.fn();
  const work: PersonRequest = {
    ...signInOf({ options }),
    callback: callback as unknown as Callback,
    authorizationUrl: PAGE,
    question: { pageHost: "auth.example", question: "Sign in?", notes },
    over,
    signal: new AbortController().signal,
    ...more,
  };
  return { done: askPerson(work, progress), give, accept, over, progress };
}

describe("a person who is asked", () => {
  it("is told where to sign in, with all that is known of it", async () => {
    const onAuthorize = vi.fn(async () => {});
    const { done, give, over, progress, accept } = asking({ onAuthorize }, {}, ["Beware."]);
    give(answer);
    expect(await done).toBe(answer);
    expect(progress).toHaveBeenCalledExactlyOnceWith({
      step: "waiting",
      todo: `Sign in at ${PAGE.href}`,
      url: PAGE.href,
      notes: ["Beware."],
    });
    expect(onAuthorize).toHaveBeenCalledExactlyOnceWith(PAGE, {
      server: "weather",
      pageHost: "auth.example",
      question: "Sign in?",
      notes: ["Beware."],
      redirectUrl: "http://127.0.0.1:7/callback",
      signal: over.signal,
      openBrowser: expect.any(Function),
    });
    expect(accept).not.toHaveBeenCalled();
  });

  it("is told nothing where nothing is unusual", async () => {
    const { done, give, progress } = asking({ onAuthorize: never });
    give(answer);
    await done;
    expect(progress.mock.calls[0]![0]).not.toHaveProperty("notes");
  });

  it("may bring the address at which the browser ended", async () => {
    const { done, accept } = asking({ onAuthorize: () => "http://127.0.0.1:7/callback?code=c" });
    expect(await done).toBe(answer);
    expect(accept).toHaveBeenCalledExactlyOnceWith("http://127.0.0.1:7/callback?code=c");
  });

  it("need not, where another program finished the same sign-in", async () => {
    let heard: AbortSignal | undefined;
    const elsewhere = async (signal: AbortSignal) => {
      heard = signal;
    };
    const { done, over } = asking({ onAuthorize: never }, { elsewhere });
    expect(await done).toBe("elsewhere");
    expect(heard).toBe(over.signal);
  });

  it("who cannot be asked is an error of the function that should have, once and for all", async () => {
    const failed = asking({
      onAuthorize: () => {
        throw new Error("no screen");
      },
    });
    expect(await rejection(failed.done)).toMatchObject({
      code: "AUTH_REQUIRED",
      message: "weather: onAuthorize failed: no screen",
    });
    const own = new HoldfastError("AUTH_REQUIRED", "mine", { server: "weather" });
    expect(await rejection(asking({ onAuthorize: (): Promise<void> => Promise.reject(own) }).done)).toBe(own);
  });

  it("has so long, or until nobody waits any more", async () => {
    const pass = stopTime();
    const slow = rejection(asking({ onAuthorize: never, timeoutMs: 2_000 }).done);
    const late = rejection(asking({ onAuthorize: never }).done);
    const over = new AbortController();
    const given = rejection(asking({ onAuthorize: never }, { signal: over.signal }).done);
    over.abort("enough");
    expect(await given).toBe("enough");
    await pass(2_000);
    const expired = (seconds: number) => ({
      code: "AUTH_REQUIRED",
      message: `weather: nobody signed in within ${seconds} s. Connect again to be asked again.`,
    });
    expect(await slow).toMatchObject(expired(2));
    await pass(298_000);
    expect(await late).toMatchObject(expired(300));
  });
});

describe("the answer of a browser", () => {
  const code = (given: Partial<Answer>, promises?: boolean) =>
    codeIn(
      signInOf({
        found: discovered(
          promises === undefined ? {} : { authorization_response_iss_parameter_supported: promises },
        ),
      }),
      { ...answer, ...given },
    );

  it("holds the code, from the server that was asked", () => {
    expect(code({})).toBe("c");
    expect(code({ iss: undefined })).toBe("c");
    expect(code({}, true)).toBe("c");
    expect(code({ iss: undefined }, false)).toBe("c");
  });

  it.each<[string, Partial<Answer>, boolean | undefined, string]>([
    ["of another server", { iss: "https://evil.example" }, undefined, "another"],
    ["of nobody, where the server promised to name itself", { iss: undefined }, true, "another"],
    ["of another server with an error", { iss: "https://evil.example", error: "e" }, undefined, "another"],
    ["that refuses", { error: "access_denied" }, undefined, "not signed in: it was refused"],
    [
      "with an error",
      { error: "server_error" },
      undefined,
      "not signed in: the authorization server says server_error",
    ],
    [
      "with an error and a reason",
      { error: "access_denied", description: "d".repeat(400) },
      undefined,
      `not signed in: it was refused (${"d".repeat(300)})`,
    ],
    ["without a code", { code: undefined }, undefined, "the answer of the sign-in holds no code"],
  ])("%s is no answer", (_what, given, promises, why) => {
    const message =
      why === "another"
        ? "the answer of the sign-in does not come from the authorization server that was asked"
        : why;
    expect(() => code(given, promises)).toThrow(
      expect.objectContaining({ code: "AUTH_REQUIRED", message: `weather: ${message}` }),
    );
  });
});

describe("the page at the end of a sign-in", () => {
  it("shows texts, and runs nothing of them", () => {
    const html = page("<b>T</b>", `a & "b" 'c'`);
    expect(html).toContain("<title>&#60;b&#62;T&#60;/b&#62;</title>");
    expect(html).toContain("<h1>&#60;b&#62;T&#60;/b&#62;</h1>");
    expect(html).toContain("<p>a &#38; &#34;b&#34; &#39;c&#39;</p>");
  });
});
