import { fieldsOf } from "../base/fields.js";
import { type Id, isId, type Message } from "./flights.js";

/**
 * The requests of daemons that the client has not answered yet. Each daemon counts them from the beginning, so those of a later one
 * get ids of their own: an answer to a question of a daemon that is gone must not reach the next one.
 */
export class Questions {
  readonly #open = new Map<Id, { epoch: number; id: Id }>();

  /** The question as the client is asked it. */
  ask(message: Message, epoch: number): Message {
    const id = message.id as Id;
    const shown = shownId(id, epoch);
    this.#open.set(shown, { epoch, id });
    return shown === id ? message : { ...message, id: shown };
  }

  /** The answer as its daemon takes it. Undefined: the daemon that asked is gone, or took the question back. */
  answer(message: Message, epoch: number): Message | undefined {
    const question = isId(message.id) ? this.#open.get(message.id) : undefined;
    if (!question) return undefined;
    this.#open.delete(message.id as Id);
    if (question.epoch !== epoch) return undefined;
    return question.id === message.id ? message : { ...message, id: question.id };
  }

  /** A daemon's word that it wants an answer no more, as the client knows the question. */
  takenBack(message: Message, epoch: number): Message {
    const params = fieldsOf(message.params);
    const id = params["requestId"];
    if (!isId(id)) return message;
    const requestId = shownId(id, epoch);
    this.#open.delete(requestId);
    return { ...message, params: { ...params, requestId } };
  }

  /** The daemon that asked is gone: what the client is told of its questions. */
  takeAllBack(reason: string): object[] {
    const left = [...this.#open.keys()];
    this.#open.clear();
    return left.map((requestId) => ({
      jsonrpc: "2.0",
      method: "notifications/cancelled",
      params: { requestId, reason },
    }));
  }
}

const shownId = (id: Id, epoch: number): Id => (epoch === 1 ? id : `holdfast-${epoch}-${id}`);
