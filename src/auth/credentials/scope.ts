import { computeScopeUnion, isStrictScopeSuperset } from "@modelcontextprotocol/client";
import type { Refusal } from "../../contract/credential.js";
import { authRequired } from "../sign-in/auth-required.js";
import { type Discovered, scopeFor } from "../sign-in/discover.js";
import type { StoredCredential } from "../store/store.js";

/** Whether the tokens of this credential have all of `scope`. Where the server named no scope, the answer is no. */
export const covers = ({ tokens }: StoredCredential, scope: string | undefined): boolean =>
  scope !== undefined && !isStrictScopeSuperset(scope, tokens?.scope);

/** What the next sign-in asks for. `current` is what is stored from the same authorization server. */
export function nextScope(
  server: string,
  refusal: Refusal,
  wished: string | undefined,
  found: Discovered,
  current: StoredCredential | undefined,
): string | undefined {
  if (refusal.status === 403)
    return widerScope(server, refusal, current?.asked, [current?.asked ?? current?.tokens?.scope, wished]);
  const scope = scopeFor(wished, refusal.scope, found);
  // A token that expired must not cost the scope that an earlier 403 added.
  return scope === undefined ? undefined : computeScopeUnion(scope, current?.asked);
}

/**
 * The scope after a 403: `had`, and what the server asks for besides. `asked` is the scope of the last sign-in.
 * @throws HoldfastError `AUTH_REQUIRED` where the last sign-in asked for all of that already
 */
export function widerScope(
  server: string,
  refusal: Refusal,
  asked: string | undefined,
  had: (string | undefined)[],
): string | undefined {
  const scope = computeScopeUnion(...had, refusal.scope);
  if (asked === undefined || isStrictScopeSuperset(scope, asked)) return scope;
  throw authRequired(
    server,
    `the server asks for the scope ${JSON.stringify(refusal.scope ?? "")}, which was asked for and does not help (HTTP 403)`,
    "Does this account have it?",
  );
}
