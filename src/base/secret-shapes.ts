/** What is never taken out: it says nothing, and texts are full of it. In lower case. */
const KNOWN = new Set([
  ..."bearer basic digest negotiate dpop token apikey password username anonymous".split(" "),
  ..."true false none null auto enabled disabled required optional default".split(" "),
  ..."production development staging localhost 127.0.0.1 0.0.0.0".split(" "),
  ..."keep-alive no-cache no-store identity gzip deflate xmlhttprequest".split(" "),
  ..."postgres postgresql mysql mongodb redis rediss https".split(" "),
]);
const MEDIA_TYPE = /^(?:\*|application|audio|image|multipart|text|video)\/[\w.*+-]+(?:[;,].*)?$/i;
/** Headers whose values are no secrets. */
const PLAIN_HEADER =
  /^(?:accept(?:-.*)?|content-.*|user-agent|host|origin|connection|cache-control|mcp-.*)$/i;

const WORDS = new Set(
  (
    "token tokens secret secrets password passwd passphrase pass pwd pin otp key keys apikey auth authorization " +
    "cred creds credential credentials cookie cookies dsn private jwt bearer signature sig sas pat"
  ).split(" "),
);
const PARTS = /token|secret|passw|credential|(?:api|access|private|secret|ssh)key/;
const KEY_PREFIX =
  /^(?:sk|pk|rk)[-_]|^gh[opsu]_|^github_pat_|^glpat-|^xox[a-z]-|^A[KS]IA[A-Z0-9]{12}|^AIza|^ya29\.|^npm_|^pypi-|^hf_|^SG\.|^eyJ[\w-]{10}|^-----BEGIN/;
const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

export const isKnown = (value: string): boolean => KNOWN.has(value.toLowerCase()) || MEDIA_TYPE.test(value);

export const isPlainHeader = (name: string): boolean => PLAIN_HEADER.test(name);

/** Whether what has this name is a secret: an argument, a variable, a header, a part of a query. */
export function saysSecret(name: string): boolean {
  if (/^(?:OLD)?PWD$/.test(name)) return false;
  const lower = name.toLowerCase();
  const words = name
    .replace(/([a-z\d])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^a-z\d]+/);
  return words.some((word) => WORDS.has(word)) || PARTS.test(lower);
}

/** Whether a word can hardly be anything but a key: one in the form of a known service, a UUID, or letters and digits in a jumble. */
export function looksSecret(word: string): boolean {
  if (KEY_PREFIX.test(word) || UUID.test(word)) return true;
  return word.split(/[-_.~]/).some(isJumble);
}

function isJumble(piece: string): boolean {
  const digits = piece.match(/\d/g)?.length ?? 0;
  if (!/^[A-Za-z\d]+$/.test(piece) || digits < 2 || digits === piece.length) return false;
  return piece.length >= 16 || (piece.length >= 10 && /[a-z]/.test(piece) && /[A-Z]/.test(piece));
}
