import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** Longer ones do not fit a header everywhere. */
const MAX_LENGTH = 4_000;

/**
 * Ids of legacy sessions that hold the client's own introduction, signed: whoever has the key can go on with a session of a
 * process that is gone. Nothing in them is a secret, and nothing that was not signed is believed.
 */
export class SessionIds {
  constructor(private readonly key: string) {}

  /** Undefined: what the client says of itself is too long for an id. */
  make(introduction: unknown): string | undefined {
    const payload = JSON.stringify([randomBytes(16).toString("base64url"), introduction]);
    const encoded = Buffer.from(payload).toString("base64url");
    const id = `${encoded}.${this.#sign(encoded)}`;
    return id.length > MAX_LENGTH ? undefined : id;
  }

  /** The introduction in an id that was signed with this key. */
  read(id: string): unknown {
    const [encoded = "", signature = ""] = id.split(".");
    const [given, wanted] = [Buffer.from(signature), Buffer.from(this.#sign(encoded))];
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
    const [, introduction] = JSON.parse(Buffer.from(encoded, "base64url").toString()) as [string, unknown];
    return introduction;
  }

  #sign(encoded: string): string {
    return createHmac("sha256", this.key).update(encoded).digest("base64url");
  }
}
