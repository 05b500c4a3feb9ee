/** Shorter values are words and numbers, and masking those would make a text unreadable. */
const MIN_LENGTH = 8;

/** A function that takes these secrets out of a text. */
export function redactor(secrets: Iterable<string>): (text: string) => string {
  const found = [...new Set([...secrets].flatMap(forms))]
    .filter((secret) => secret.length >= MIN_LENGTH)
    .sort((a, b) => b.length - a.length);
  return (text) => found.reduce((left, secret) => left.replaceAll(secret, "[redacted]"), text);
}

/** A secret as it may come out: whole, line by line, or as JSON, a URL or a form writes it. */
function forms(secret: string): string[] {
  const form = String(new URLSearchParams({ s: secret })).slice(2);
  return [secret, ...secret.split(/\r?\n/), JSON.stringify(secret).slice(1, -1), form, urlEncoded(secret)];
}

function urlEncoded(secret: string): string {
  try {
    return encodeURIComponent(secret);
  } catch {
    // Half of a character.
    return secret;
  }
}

/** A text that may hold URLs, without the users and passwords in them. */
export function withoutUserInfo(text: string): string {
  return text.replace(/\/\/[^@/\s]*@/g, "//");
}

/** The URI of a resource as it may be shown: without what is often secret in one. */
export function shownUri(uri: string): string {
  return withoutUserInfo(uri).replace(/[?#].*$/s, "");
}

/** A URL as it may be shown: without user, password, query and fragment. */
export function shownUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}
