import { Client as Client2 } from "@modelcontextprotocol/client";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { ElicitRequestSchema, ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { onTestFinished } from "vitest";
import type { SdkTransport } from "../../src/contract/door.js";

interface CallOptions {
  signal?: AbortSignal;
  onprogress?: (progress: { progress: number }) => void;
}

/** What the tests do with a client, whichever SDK it is of. */
export interface AnyClient {
  call(name: string, args?: Record<string, unknown>, options?: CallOptions): Promise<string>;
  tools(): Promise<string[]>;
  close(): Promise<void>;
  /** What it was asked. */
  asked: string[];
  /** How often it heard that the tools are other ones. */
  changes(): number;
  closed(): boolean;
}

interface Wanted {
  /** It can be asked, and says its own name. */
  asks?: string;
}

export type ClientKind = (transport: SdkTransport, wanted?: Wanted) => Promise<AnyClient>;

const firstText = (result: object): string => (result as { content: { text: string }[] }).content[0]!.text;
const answerOf = (name: string) => ({ action: "accept" as const, content: { name } });

const sdk1: ClientKind = async (transport, { asks } = {}) => {
  const client = new Client1(
    { name: "program", version: "1" },
    { capabilities: asks === undefined ? {} : { elicitation: {} } },
  );
  const asked: string[] = [];
  let changes = 0;
  let closed = false;
  if (asks !== undefined)
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
      asked.push(params.message);
      return answerOf(asks);
    });
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    changes++;
  });
  client.onclose = () => {
    closed = true;
  };
  await client.connect(transport);
  onTestFinished(() => client.close());
  return {
    call: async (name, args = {}, options = {}) =>
      firstText(await client.callTool({ name, arguments: args }, undefined, options)),
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    close: () => client.close(),
    asked,
    changes: () => changes,
    closed: () => closed,
  };
};

const sdk2 =
  (mode: "legacy" | "auto"): ClientKind =>
  async (transport, { asks } = {}) => {
    const asked: string[] = [];
    let changes = 0;
    let closed = false;
    const client = new Client2(
      { name: "program", version: "1" },
      {
        capabilities: asks === undefined ? {} : { elicitation: {} },
        versionNegotiation: { mode },
        listChanged: { tools: { autoRefresh: false, onChanged: () => changes++ } },
      },
    );
    if (asks !== undefined)
      client.setRequestHandler("elicitation/create", ({ params }) => {
        asked.push(params.message);
        return answerOf(asks);
      });
    client.onclose = () => {
      closed = true;
    };
    await client.connect(transport);
    onTestFinished(() => client.close());
    return {
      call: async (name, args = {}, options = {}) =>
        firstText(await client.callTool({ name, arguments: args }, options)),
      tools: async () => (await client.listTools()).tools.map(({ name }) => name),
      close: () => client.close(),
      asked,
      changes: () => changes,
      closed: () => closed,
    };
  };

/** Real clients, as programs have them. */
export const CLIENTS: Record<"SDK 1" | "SDK 2" | "SDK 2, modern", ClientKind> = {
  "SDK 1": sdk1,
  "SDK 2": sdk2("legacy"),
  "SDK 2, modern": sdk2("auto"),
};
