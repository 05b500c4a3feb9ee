interface Cookie {
  value: string;
  path: string;
}

export interface ApproveOptions {
  /** The person says no. */
  deny?: boolean;
  /** Who signs in. */
  login?: string;
}

/**
 * What a browser and a person in front of it do with an authorization URL: follows the redirects, signs in, consents.
 * Resolves to where it is sent last, outside of the authorization server, and does not go there.
 */
export const approving =
  (issuer: string) =>
  async (url: URL | string, options: ApproveOptions = {}): Promise<URL> => {
    const cookies = new Map<string, Cookie>();
    const form = {
      login: options.login ?? "person",
      password: "secret",
      answer: options.deny ? "deny" : "allow",
    };
    let at = new URL(url);
    let body: URLSearchParams | undefined;
    for (let steps = 0; steps < 20; steps++) {
      const cookie = [...cookies]
        .filter(([, { path }]) => at.pathname.startsWith(path))
        .map(([key, { value }]) => `${key.split(";")[0]}=${value}`)
        .join("; ");
      const response = await fetch(at, {
        redirect: "manual",
        headers: { cookie },
        ...(body && { method: "POST", body }),
      });
      for (const line of response.headers.getSetCookie()) keep(cookies, line);
      const text = await response.text();
      const location = response.headers.get("location");
      if (location) {
        at = new URL(location, at);
        body = undefined;
        if (at.origin !== new URL(issuer).origin) return at;
      } else if (response.ok && !body) body = new URLSearchParams(form);
      else throw new Error(`${at.pathname} answered ${response.status}: ${text}`);
    }
    throw new Error(`still at ${at} after 20 steps`);
  };

/** The same name may be there for several paths. */
function keep(cookies: Map<string, Cookie>, line: string) {
  const [pair = "", ...attributes] = line.split(/; */);
  const equals = pair.indexOf("=");
  const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? "/";
  const key = `${pair.slice(0, equals)};${path}`;
  const value = pair.slice(equals + 1);
  if (value) cookies.set(key, { value, path });
  else cookies.delete(key);
}
