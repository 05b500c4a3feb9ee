import { shownUrl } from "../../base/redact.js";
import { authRequired } from "./auth-required.js";
import type { AuthorizeContext } from "./options.js";
import type { SignIn } from "./request.js";
import { widthOf } from "./resource.js";
import { dangerOf } from "./safe-fetch.js";
import { isSameSite } from "./site.js";

/** What a person is to know before the sign-in page opens. */
export type Question = Pick<AuthorizeContext, "pageHost" | "question" | "notes">;

type Asking = Pick<SignIn, "server" | "url" | "options" | "found" | "others">;

/**
 * The question of a sign-in.
 * @throws HoldfastError `AUTH_REQUIRED` where the person may not be asked at all
 */
export async function questionOf(input: Asking): Promise<Question> {
  const { server, url, found } = input;
  const page = new URL(found.metadata.authorization_endpoint);
  const notes = [await noteOfPage(input, page), noteOfResource(input), noteOfIssuer(input)];
  const who = server.includes(url.host) ? server : `${server} (${url.host})`;
  return {
    pageHost: page.host,
    question: `${who} wants you to sign in at ${page.host}`,
    notes: notes.filter((note) => note !== undefined),
  };
}

/**
 * The page must be a web page: a browser would also open a file, or an address that starts a program. A page on another site
 * may be an honest server's, whose code would go to the authorization server that named it.
 */
async function noteOfPage({ server, url, options, found }: Asking, page: URL): Promise<string | undefined> {
  const danger = dangerOf(page, url);
  if (danger) throw authRequired(server, `signing in is not safe: the page for it, ${danger}`);
  const issuer = new URL(found.issuer);
  if (await isSameSite(page.hostname, issuer.hostname)) return undefined;
  const elsewhere = `the page is at ${page.host}, another site than that of its authorization server ${shownUrl(issuer)}`;
  const { pageHosts = [] } = options;
  if (pageHosts.some((host) => host === page.host || host === page.hostname)) return sentence(elsewhere);
  throw authRequired(
    server,
    `signing in is not safe: ${elsewhere}`,
    `If both belong together, allow it with pageHosts: [${JSON.stringify(page.host)}] (holdfast login --page-host ${page.host})`,
  );
}

function noteOfResource({ server, url, options, found, others }: Asking): string | undefined {
  const claim = widthOf({ name: server, url }, found, { strict: options.strictResource, others: others() });
  return claim && sentence(claim);
}

/** Without it, a code of one authorization server may be taken for that of another (RFC 9207). */
const noteOfIssuer = ({ found }: Asking): string | undefined =>
  found.metadata["authorization_response_iss_parameter_supported"] === true
    ? undefined
    : `The authorization server ${shownUrl(new URL(found.issuer))} does not promise to name itself in its answer (iss, RFC 9207).`;

const sentence = (text: string) => `${text[0]!.toUpperCase()}${text.slice(1)}.`;
