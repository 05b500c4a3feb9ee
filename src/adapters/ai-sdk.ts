import type { CallToolResult, Progress, Tool } from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";
import type { Session } from "../contract/session.js";

/** What the AI SDK passes to a tool, as far as it is used here. */
export interface AICall {
  toolCallId: string;
  abortSignal?: AbortSignal | undefined;
}

/** A JSON Schema in the words of Standard Schema, which the AI SDK takes for the input of a tool. */
export interface AISchema {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => { value: unknown };
    readonly jsonSchema: {
      readonly input: (options: object) => Record<string, unknown>;
      readonly output: (options: object) => Record<string, unknown>;
    };
  };
}

/** A block of an answer, for the model. */
export type AIPart =
  | { type: "text"; text: string }
  | { type: "file"; mediaType: string; data: { type: "data"; data: string } };

/** A tool of the AI SDK. */
export interface AITool {
  type: "dynamic";
  title?: string;
  description?: string;
  inputSchema: AISchema;
  execute(input: unknown, call: AICall): Promise<CallToolResult>;
  toModelOutput(answer: { output: CallToolResult }): { type: "content"; value: AIPart[] };
}

/** Options of `aiTools`. */
export interface AIToolsOptions {
  /** Called with the progress of each call. */
  onProgress?: (progress: Progress, call: { toolName: string; toolCallId: string }) => void;
}

/**
 * The tools that the session's server has now, for `tools` of `generateText`, `streamText` and agents of the AI SDK. A call that is
 * aborted there is cancelled on the server. A lost call rejects with `CONNECTION_LOST`, and the SDK tells the model its message.
 */
export async function aiTools(
  session: Session,
  { onProgress }: AIToolsOptions = {},
): Promise<Record<string, AITool>> {
  const { tools } = await session.listTools();
  return Object.fromEntries(tools.map((tool) => [tool.name, made(tool)]));

  function made({ name, title, description, inputSchema, annotations }: Tool): AITool {
    const shown = title ?? annotations?.title;
    return {
      type: "dynamic",
      ...(shown !== undefined && { title: shown }),
      ...(description !== undefined && { description }),
      inputSchema: schemaOf(inputSchema),
      execute: (input, { toolCallId, abortSignal }) =>
        session.callTool(
          { name, arguments: fieldsOf(input) },
          {
            ...(abortSignal && { signal: abortSignal }),
            ...(onProgress && {
              onprogress: (progress) => onProgress(progress, { toolName: name, toolCallId }),
            }),
          },
        ),
      toModelOutput: ({ output }) => ({
        type: "content",
        value: output.content.map(partOf),
      }),
    };
  }
}

/** By this mark the AI SDK, whichever copy of it, knows a schema that it takes as it is. By Standard Schema it would close every object in it. */
const AS_IT_IS = Symbol.for("vercel.ai.schema");

function schemaOf(inputSchema: Tool["inputSchema"]): AISchema {
  const jsonSchema = () => structuredClone({ ...inputSchema, properties: inputSchema.properties ?? {} });
  // The server checks what it gets.
  const validate = (value: unknown) => ({ value });
  return Object.assign(
    {
      "~standard": {
        version: 1 as const,
        vendor: "holdfast",
        validate,
        jsonSchema: { input: jsonSchema, output: jsonSchema },
      },
    },
    { [AS_IT_IS]: true, jsonSchema: jsonSchema(), validate: undefined },
  );
}

function partOf(block: CallToolResult["content"][number]): AIPart {
  if (block.type === "text") return { type: "text", text: block.text };
  if (block.type === "image" || block.type === "audio")
    return { type: "file", mediaType: block.mimeType, data: { type: "data", data: block.data } };
  return { type: "text", text: JSON.stringify(block) };
}
