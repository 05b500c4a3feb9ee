/** Shorter values are often plain words or numbers, and taking those out would make a text unreadable. */
const MIN_LENGTH = 8;

/** Makes a function that replaces these secrets in a text by `[redacted]`. Those under 8 characters are left. */
export function redactor(secrets: Iterable<string>): (text: string) => string {
  const found = [...new Set([...secrets].flatMap(forms))]
    .filter((secret) => secret.length >= MIN_LENGTH)
    .sort((a, b) => b.length - a.length);
  return (text) => found.reduce((left, secret) => left.replaceAll(secret, "[redacted]"), text);
}

/** The forms in which a secret may appear: whole, line by line, or encoded for JSON, a form or a URL. */
function forms(secret: string): string[] {
  const form = String(new URLSearchParams({ s: secret })).slice(2);
  return [secret, ...secret.split(/\r?\n/), JSON.stringify(secret).slice(1, -1), form, urlEncoded(secret)];
}

function urlEncoded(secret: string): string {
  try {
    return encodeURIComponent(secret);
  } catch {
    // Half of a surrogate pair cannot be encoded.
    return secret;
  }
}

/** A text without the users and passwords of the URLs in it. */
export function withoutUserInfo(text: string): string {
  return text.replace(/\/\/[^@/\s]*@/g, "//");
}

/** The URI of a resource without the parts that are often secret. */
export function shownUri(uri: string): string {
  return withoutUserInfo(uri).replace(/[?#].*$/s, "");
}

/** A URL without user, password, query and fragment, which may be secret. */
export function shownUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}
