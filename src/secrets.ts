/** Shorter values are words and numbers, and masking those would make a text unreadable. */
const MIN_LENGTH = 8;

/** A function that takes these secrets out of a text. */
export function redactor(secrets: Iterable<string>): (text: string) => string {
  const found = [...new Set(secrets)]
    .filter((secret) => secret.length >= MIN_LENGTH)
    .sort((a, b) => b.length - a.length);
  return (text) => found.reduce((left, secret) => left.replaceAll(secret, "[redacted]"), text);
}

/** A URL as it may be shown: without user, password, query and fragment. */
export function shownUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}
