import type { CallToolResult } from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";
import type { Session, SessionOptions, TransportHandle } from "../contract/session.js";

/** A tool in the words of the OpenAI Agents SDK. */
export interface OpenAITool {
  name: string;
  description?: string;
  inputSchema: {
    type: "object";
    properties: Record<string, unknown>;
    required: string[];
    additionalProperties: boolean;
  };
}

/** The blocks of an answer, with the other fields of the result on the array, as the OpenAI Agents SDK passes them. */
export type OpenAIContent = Array<{ type: string; [key: string]: unknown }> & Partial<OpenAIResultFields>;

/** Fields of a result besides its content. */
export interface OpenAIResultFields {
  _meta: Record<string, unknown>;
  structuredContent: Record<string, unknown>;
  isError: boolean;
}

/** The whole result of a call. */
export type OpenAIResult = Partial<OpenAIResultFields> & {
  content: Array<{ type: string; [key: string]: unknown }>;
};

/**
 * A transport as an `MCPServer` of the OpenAI Agents SDK, for `mcpServers` of an agent. `connect()` opens a session with the given
 * options, and `close()` closes it; the transport stays yours. A lost call rejects with `CONNECTION_LOST`, and the
 * SDK tells the model its message.
 */
export class OpenAIServer {
  /** The SDK keeps no list of its own: the session knows which of its lists still hold. */
  readonly cacheToolsList = false;
  readonly name: string;
  #session: Session | undefined;

  constructor(
    private readonly transport: TransportHandle,
    private readonly options: SessionOptions = {},
  ) {
    this.name = transport.name;
  }

  /** @throws HoldfastError as `connectSession` */
  async connect(): Promise<void> {
    this.#session ??= await this.transport.connectSession(this.options);
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.close();
  }

  async listTools(): Promise<OpenAITool[]> {
    const { tools } = await this.#opened().listTools();
    return tools.map(({ name, description, inputSchema }) => ({
      name,
      ...(description !== undefined && { description }),
      inputSchema: {
        ...inputSchema,
        properties: inputSchema.properties ?? {},
        required: inputSchema.required ?? [],
        additionalProperties: inputSchema["additionalProperties"] === true,
      },
    }));
  }

  async callTool(
    toolName: string,
    args: Record<string, unknown> | null,
    meta?: Record<string, unknown> | null,
    options?: { signal?: AbortSignal },
  ): Promise<OpenAIContent> {
    const { content, ...fields } = await this.callToolResult(toolName, args, meta, options);
    const blocks: OpenAIContent = content;
    for (const [key, value] of Object.entries(fields))
      if (value !== undefined) Object.defineProperty(blocks, key, { value, configurable: true });
    return blocks;
  }

  async callToolResult(
    toolName: string,
    args: Record<string, unknown> | null,
    meta?: Record<string, unknown> | null,
    options?: { signal?: AbortSignal },
  ): Promise<OpenAIResult> {
    const params = { name: toolName, arguments: args ?? {}, ...(meta && { _meta: meta }) };
    return shown(await this.#opened().callTool(params, options));
  }

  async invalidateToolsCache(): Promise<void> {}

  #opened(): Session {
    if (!this.#session) throw new Error(`${this.name}: call connect() before you use it`);
    return this.#session;
  }
}

function shown({ content, _meta, structuredContent, isError }: CallToolResult): OpenAIResult {
  return {
    content: content.map((block) => ({ ...block })),
    ...(_meta && { _meta }),
    ...(structuredContent !== undefined && { structuredContent: fieldsOf(structuredContent) }),
    ...(isError !== undefined && { isError }),
  };
}
