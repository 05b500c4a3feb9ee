import { formatMessage } from "../../base/advice.js";
import { HoldfastError } from "../../base/errors.js";
import { merged } from "../../base/merged.js";
import type { Secrets } from "../../base/redact.js";
import type { Credential, Refusal } from "../../contract/credential.js";
import type { Wire } from "../../contract/wire.js";
import { Lost } from "../lost.js";
import { refusalOf, unauthorized } from "../refusal.js";
import type { HttpAnswer } from "./answer.js";
import type { HttpRequest, Sender } from "./request.js";

/** One request is shown so many other tokens after a 401: short ones expire on the way. And more scope twice. */
const MAX_ROUNDS = { 401: 3, 403: 2 };

/** The requests of one wire with the credential that they need; a refused one is sent again with a better one. */
export class Authorized implements Sender<HttpAnswer> {
  /** Nobody is asked for a credential any more: the wire is going. */
  ending = false;

  constructor(
    private readonly wire: Pick<Wire, "onRefused" | "onParked" | "onResumed">,
    private readonly server: {
      url: URL;
      name: string;
      credential: Credential | undefined;
      secrets?: Secrets;
    },
    private readonly senders: { plain: Sender<HttpAnswer>; signed: Sender<HttpAnswer> | undefined },
  ) {}

  send(request: HttpRequest): Promise<HttpAnswer> {
    const { credential, url } = this.server;
    // A token goes to the server that it is for and nowhere else.
    if (!credential || request.target.origin !== url.origin) return this.senders.plain.send(request);
    return this.#sendWith(credential, request);
  }

  async #sendWith(credential: Credential, request: HttpRequest): Promise<HttpAnswer> {
    const rounds = { 401: 0, 403: 0 };
    const { headers } = request;
    for (;;) {
      const token = await credential.token();
      if (token !== undefined) this.server.secrets?.addFresh(token);
      if (request.aborted) throw request.aborted;
      request.headers = token === undefined ? headers : merged(headers, { authorization: `Bearer ${token}` });
      const { plain, signed } = this.senders;
      const answer = await (signed && credential.signs?.() ? signed : plain).send(request);
      const refusal = refusalIn(answer, token);
      if (!refusal) {
        if (token !== undefined && answer.status < 400) credential.accepted?.(token);
        return answer;
      }
      if (this.ending || rounds[refusal.status]++ >= MAX_ROUNDS[refusal.status]) return answer;
      if (!credential.mends(refusal) || !this.wire.onRefused) return answer;
      answer.discard();
      await this.#mended(refusal, request);
    }
  }

  /** What a caller is told where the server refuses it for good; undefined for any other answer. */
  refused(answer: HttpAnswer): HoldfastError | undefined {
    const { name, credential } = this.server;
    const refusal = refusalIn(answer, credential && "");
    if (!refusal) return undefined;
    const { message, hint } = unauthorized(refusal);
    return new HoldfastError("AUTH_REQUIRED", formatMessage(`${name}: ${message}`, hint ? { hint } : {}), {
      server: name,
      status: refusal.status,
    });
  }

  async #mended(refusal: Refusal, { id }: HttpRequest): Promise<void> {
    if (id !== undefined) this.wire.onParked?.(id);
    await this.wire.onRefused?.(refusal);
    // Race: the call was given up while it was parked; it must not be sent after that.
    if (id !== undefined && this.wire.onResumed?.(id) === false)
      throw new Lost("not-sent", { code: "CONNECTION_LOST", message: "the call was given up", asked: true });
  }
}

/** A refusal for which there is something to do; undefined for any other answer. */
function refusalIn(answer: HttpAnswer, token: string | undefined): Refusal | undefined {
  const { status } = answer;
  if (status !== 401 && status !== 403) return undefined;
  const challenge = answer.header("www-authenticate");
  const headers = new Headers(challenge === undefined ? {} : { "www-authenticate": challenge });
  return refusalOf({ status, headers }, token);
}
