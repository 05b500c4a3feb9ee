import { fieldsOf } from "../base/fields.js";
import { nameIn } from "../contract/methods.js";
import { MODERN_REVISION } from "../contract/protocol.js";
import type { Exchange, Script } from "./script.js";

const METHOD_NOT_FOUND = -32601;
const INVALID_PARAMS = -32602;
/** So many recorded calls are named, and so much of each. */
const MAX_SHOWN = 5;
const MAX_LENGTH = 200;

/** The answer to a request that the recording has not: what was asked, what there is instead, and what to do. */
export function unrecorded(
  name: string,
  { exchanges, isCut }: Script,
  asked: { method: string; params: string },
): { code: number; message: string; data?: object } {
  const { method, params } = asked;
  const requests = exchanges.filter(({ id }) => id !== undefined);
  const same = requests.filter((one) => one.method === method);
  const next = isCut ? "it was cut before its end" : "record it again with this request";
  if (same.length === 0) {
    if (
      method === "initialize" &&
      requests.some((one) => one.method === "server/discover" && isAnswered(one))
    )
      return {
        code: METHOD_NOT_FOUND,
        message: `the recording ${name} is of revision ${MODERN_REVISION}, which has no initialize; use a client of that revision`,
        data: { supported: [MODERN_REVISION] },
      };
    const methods = [...new Set(requests.map((one) => one.method))].join(", ") || "nothing";
    return {
      code: METHOD_NOT_FOUND,
      message: `the recording ${name} has no ${method}; it has ${methods}; ${next}`,
    };
  }
  const called = nameIn(method, JSON.parse(params));
  const what = called === undefined ? method : `${method} of ${JSON.stringify(called)}`;
  const all = same.map((one) => one.params);
  const played = all.filter((one) => one === params).length;
  if (played > 0) {
    const message = `the recording ${name} has ${what} with ${cut(params)} ${times(played)}, and that was played; ${next}`;
    return { code: INVALID_PARAMS, message };
  }
  const near = all.filter((one) => nameIn(method, JSON.parse(one)) === called);
  const shown = [...new Set(near.length > 0 ? near : all)];
  const more = shown.length > MAX_SHOWN ? `, and ${shown.length - MAX_SHOWN} more` : "";
  const there = `${shown.slice(0, MAX_SHOWN).map(cut).join(", ")}${more}`;
  return {
    code: INVALID_PARAMS,
    message: `the recording ${name} has no ${what} with ${cut(params)}; it has ${there}; ${next}`,
  };
}

const times = (count: number) => (count === 1 ? "once" : `${count} times`);
const isAnswered = ({ answer }: Exchange) => answer !== undefined && "result" in answer;

function cut(params: string): string {
  const shown = JSON.stringify(fieldsOf(JSON.parse(params))["arguments"]) ?? params;
  return shown.length > MAX_LENGTH ? `${shown.slice(0, MAX_LENGTH)}…` : shown;
}
