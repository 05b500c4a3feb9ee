import { ofName } from "./argument-transforms.js";
import { mayMatch } from "./bare-uris.js";
import type { Member } from "./member.js";
import type { NameRule } from "./naming.js";
import type { Kind, Offer } from "./offer.js";
import type { NamedKind } from "./offers.js";
import { homeName } from "./owners.js";

/** Whether these lists of a server are compared with the lock, since it was reached last: before that nothing of it is used. */
export function isCompared(member: Member, offer: Offer, kinds: readonly Kind[]): boolean {
  if (!member.pin?.()?.blocks) return true;
  const { epoch } = member.status();
  return kinds.every((kind) => offer.drift?.[kind] && offer.epochs?.[kind] === epoch);
}

/** Why a tool or prompt that would be shown under this name is blocked. */
export function blockedName(
  kind: NamedKind,
  shown: string,
  member: Member,
  offer: Offer,
  rule: NameRule,
): string | undefined {
  for (const [original, why] of offer.drift?.[kind] ?? []) {
    const name = (kind === "tools" && ofName(member.tools, original)?.name) || original;
    const wanted = rule(member.name, name) === shown || homeName(member.name, name) === shown;
    if (wanted) return member.pin?.()?.refusal(shown, why);
  }
  return undefined;
}

/** Why a URI of a server is blocked: itself, or all templates that it may be an instance of. */
export function blockedUri(uri: string, shown: string, member: Member, offer: Offer): string | undefined {
  const { resources = new Map(), templates = new Map() } = offer.drift ?? {};
  const itself = resources.get(uri) ?? templates.get(uri);
  if (itself) return member.pin?.()?.refusal(shown, itself);
  const isListed = offer.resources?.some((one) => one.uri === uri);
  if (isListed || offer.templates?.some(({ uriTemplate }) => mayMatch(uriTemplate, uri))) return undefined;
  const fitting = [...templates].find(([template]) => mayMatch(template, uri));
  return fitting && member.pin?.()?.refusal(shown, fitting[1]);
}
