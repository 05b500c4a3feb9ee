import {
  type CallToolResult,
  type Client,
  ProtocolError,
  ProtocolErrorCode,
  SdkError,
  SdkErrorCode,
} from "@modelcontextprotocol/client";
import type { PlainCallResult } from "../../wires/answers/result.js";
import type { OutputCheck } from "./output-checks.js";

/** The SDK's reader of the revision that is spoken. */
export type Codec = ReturnType<Client["_wireCodec"]>;

/** As the Client would give it: so that in memory the caller's is not the server's. */
export function copyOf({ content, isError }: PlainCallResult): CallToolResult {
  const copy = content.map(({ type, text }) => ({ type, text }));
  return isError === undefined ? { content: copy } : { content: copy, isError };
}

/**
 * The result of a tool, by the SDK's own schemas.
 * @throws SdkError `InvalidResult`
 */
export function readCallResult(codec: Codec, given: unknown): CallToolResult {
  const decoded = codec.decodeResult("tools/call", given);
  const read = codec.validateResult("tools/call", decoded.kind === "complete" ? decoded.result : given);
  if (read.ok) return read.value;
  const why = read.reason === "invalid" ? read.message : read.reason;
  throw new SdkError(SdkErrorCode.InvalidResult, `Invalid result for tools/call: ${why}`);
}

/**
 * Checks the structured content of a result, and that it is there.
 * @throws ProtocolError as the Client does
 */
export function checkStructured(
  tool: string,
  { structuredContent, isError }: CallToolResult,
  check: OutputCheck,
): void {
  if (isError) return;
  if (structuredContent === undefined) {
    const message = `Tool ${tool} has an output schema but did not return structured content`;
    throw new ProtocolError(ProtocolErrorCode.InvalidRequest, message);
  }
  const { valid, errorMessage } = check(structuredContent);
  if (valid) return;
  const message = `Structured content does not match the tool's output schema: ${errorMessage}`;
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
}
