import {
  type CallToolResult,
  type JsonSchemaValidator,
  ProtocolError,
  ProtocolErrorCode,
} from "@modelcontextprotocol/client";

export type OutputCheck = JsonSchemaValidator<unknown>;

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
