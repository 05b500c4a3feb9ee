import { hasAuthorization, isAuthorization } from "../auth/credentials/header.js";
import { fieldsOf } from "../base/fields.js";
import type { UpstreamCredential } from "../contract/credential-of.js";

/** The options of a remote transport, which shows a server this in the place of what everybody shows. */
export function withCredential<O extends object>(options: O, own: UpstreamCredential | undefined): O {
  if (!own || !("url" in options)) return options;
  const { token, headers = {} } = own;
  const authorizes = token !== undefined || hasAuthorization(headers);
  const given = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const shared = Object.entries(fieldsOf(fieldsOf(options)["headers"])).filter(
    ([name]) => !given.has(name.toLowerCase()) && !(authorizes && isAuthorization(name)),
  );
  // A word could be the name of a way to sign in.
  const auth = typeof token === "string" ? () => token : token;
  return {
    ...options,
    headers: { ...Object.fromEntries(shared), ...headers },
    ...(authorizes && { auth, oauth: undefined }),
  };
}
