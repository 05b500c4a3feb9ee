import type { CallTrace } from "../contract/trace.js";
import type { CallSpec } from "./call-spec.js";
import { endOf, endOfResult, inspectedCall } from "./inspected-call.js";
import type { ConnectionPort } from "./ports.js";

/** Runs a call, and lets those who inspect or trace follow it. Costs nothing while there is nobody. */
export function followed<T>(
  port: ConnectionPort,
  spec: CallSpec,
  run: (trace: CallTrace | undefined) => Promise<T>,
): Promise<T> {
  const { observe, tracer } = port;
  if (!observe && !tracer) return run(undefined);
  const trace = tracer?.call({ ...spec, shown: (value) => port.shown(value) });
  const traced = trace ? () => tracedCall(port, trace, () => run(trace)) : () => run(undefined);
  return observe ? inspectedCall(observe, spec, traced) : traced();
}

/** Runs a call, and tells its trace how it ended. */
function tracedCall<T>(port: ConnectionPort, trace: CallTrace, run: () => Promise<T>): Promise<T> {
  const by = () => ({
    protocolVersion: port.ready?.client.getNegotiatedProtocolVersion(),
    sessionId: port.ready?.guard.sessionId,
  });
  return run().then(
    (result) => {
      trace.ended({ end: endOfResult(result), result, ...by() });
      return result;
    },
    (error: unknown) => {
      trace.ended({ end: endOf(error)[0], error, ...by() });
      throw error;
    },
  );
}
