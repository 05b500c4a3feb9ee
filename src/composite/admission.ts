import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import type { Admit } from "../contract/asking.js";
import { blockedUri, isCompared } from "./blocked.js";
import type { Member } from "./member.js";
import { type Kind, METHOD_OF, type Offer } from "./offer.js";
import type { NamedKind } from "./offers.js";
import type { Reading } from "./reading.js";

/** A tool, prompt or resource by the name or URI that it has at its server, and by what the client calls it. */
export interface Wanted {
  kind: NamedKind | "resources";
  original: string;
  shown: string;
}

/**
 * What holds a call back until what it uses was compared with the lock: the server may have come back as another one while the
 * call waited for it, or after it was sent and lost. Undefined: the server is not pinned.
 */
export function admissionOf(
  member: Member,
  wanted: Wanted,
  offer: () => Offer,
  reading: Reading,
): Admit | undefined {
  if (!member.pin?.()?.blocks) return undefined;
  const kinds: readonly Kind[] = wanted.kind === "resources" ? ["resources", "templates"] : [wanted.kind];
  return async (signal) => {
    // Race: a list that was asked for before the server came back says nothing of the server as it is now.
    for (let reads = 0; reads < 2 && !isCompared(member, offer(), kinds); reads++)
      await Promise.all(kinds.map((kind) => reading.of(kind, member, signal)));
    const why = isCompared(member, offer(), kinds)
      ? whyNot(member, wanted, offer())
      : `${member.name} did not say what it offers now: ${kinds.map((kind) => METHOD_OF[kind]).join(", ")}`;
    if (why) throw new ProtocolError(ProtocolErrorCode.InvalidParams, why);
  };
}

function whyNot(member: Member, { kind, original, shown }: Wanted, offer: Offer): string | undefined {
  if (kind === "resources") return blockedUri(original, shown, member, offer);
  const why = offer.drift?.[kind]?.get(original);
  if (why) return member.pin?.()?.refusal(shown, why);
  const isListed =
    kind === "tools"
      ? [...(offer.tools?.values() ?? [])].some((tool) => tool.original === original)
      : offer.prompts?.some(({ name }) => name === original);
  return isListed ? undefined : `${member.name} does not offer ${JSON.stringify(shown)} any more`;
}
