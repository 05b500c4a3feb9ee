import {
  ProtocolError,
  SUPPORTED_PROTOCOL_VERSIONS,
  UnsupportedProtocolVersionError,
} from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";
import type { EraOption } from "../contract/options.js";
import { MODERN_REVISION } from "../contract/protocol.js";
import type { Ready } from "../session/ports.js";
import { Lost } from "../wires/lost.js";
import type { EraMemory } from "./era.js";
import { type Handshake, type HandshakeInput, shakeHands } from "./handshake.js";

export interface AttemptInput extends HandshakeInput {
  era: EraOption;
  eraMemory: EraMemory;
}

/**
 * One try to open. Which era a server speaks is asked first, where it is not known; what the server makes of that question
 * decides nothing but the era: an error, silence or an exit leads to the legacy handshake, on a wire that was asked nothing.
 */
export async function openAttempt(input: AttemptInput): Promise<Ready> {
  const { era, eraMemory } = input;
  if (era !== "auto") return shakeHands(input, { mode: era });
  if (eraMemory.isLegacy()) return initialize(input);
  const asking: Handshake = { mode: "auto" };
  try {
    return remembered(input, await shakeHands(input, asking));
  } catch (error) {
    if (input.signal.aborted || !wasAsked(error, asking)) throw error;
    return initialize(input, error);
  }
}

/** The legacy handshake. Its own error is told, except to who knows by the question that the server is modern only. */
async function initialize(input: AttemptInput, asked?: unknown): Promise<Ready> {
  try {
    return remembered(input, await shakeHands(input, { mode: "legacy" }));
  } catch (error) {
    if (input.signal.aborted) throw error;
    const wanted = wantedBy(error);
    if (!wanted) throw isModernOnly(asked) ? asked : error;
    return remembered(input, await shakeHands(input, wanted));
  }
}
const isModernOnly = (asked: unknown) => asked instanceof UnsupportedProtocolVersionError;

function remembered({ eraMemory }: AttemptInput, ready: Ready): Ready {
  eraMemory.remember(ready.client.getProtocolEra() ?? "legacy");
  return ready;
}

/** Whether the question reached the server: if not, its era is not the reason, and asking otherwise would not help. */
function wasAsked(error: unknown, { guard }: Handshake): boolean {
  if (!guard || guard.down?.fatal) return false;
  const lost = Lost.of(error) ?? Lost.of(fieldsOf(error)["cause"]);
  return lost?.outcome !== "not-sent";
}

/** How a server that refused the legacy handshake, and named what it speaks, is asked once more. */
function wantedBy(error: unknown): Handshake | undefined {
  if (!(error instanceof ProtocolError)) return undefined;
  const { supported } = fieldsOf(error.data);
  if (!Array.isArray(supported)) return undefined;
  // It was legacy when it was last asked, or began too late for the question.
  if (supported.includes(MODERN_REVISION)) return { mode: "modern" };
  const version = SUPPORTED_PROTOCOL_VERSIONS.find((known) => supported.includes(known));
  return version === undefined ? undefined : { mode: "legacy", version };
}
