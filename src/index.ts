export { Client } from "@modelcontextprotocol/client";
export { type ClientCredentialsOptions, clientCredentials } from "./auth/client-credentials.js";
export { type FileStoreOptions, fileStore } from "./auth/file-store.js";
export { type KeychainStoreOptions, keychainStore } from "./auth/keychain-store.js";
export { memoryStore } from "./auth/memory-store.js";
export { type CredentialSource, oauth } from "./auth/oauth.js";
export type { AuthorizeContext, OAuthOptions, OnAuthorize } from "./auth/options.js";
export type { CredentialStore, StoredCredential, StoreUpdate } from "./auth/store.js";
export type { NameRule } from "./composite/naming.js";
export { type LoadOptions, loadConfig } from "./config/load.js";
export { type McpConfig, type ParseOptions, parseConfig } from "./config/parse.js";
export type { ServerConfig, ToolTransform } from "./config/schema.js";
export { updateConfigFile, writeConfig } from "./config/write.js";
export type { AttemptContext } from "./connection/attempt.js";
export type {
  Authorizing,
  ConnectionDetail,
  ConnectionEvent,
  ConnectionState,
  ConnectionStatus,
  StatusListener,
} from "./connection/status.js";
export { type ErrorCode, type ErrorDetails, HoldfastError, isHoldfastError, type Outcome } from "./errors.js";
export { type InferOptions, inferTransport, type Target } from "./infer/infer.js";
export type { FleetHealth } from "./machines/fleet.js";
export {
  type AuthOption,
  DEFAULTS,
  type EraOption,
  type HeartbeatOptions,
  type Logger,
  type ReconnectOptions,
  type ReplayMode,
  type SharedOptions,
} from "./options.js";
export type { ListDifference, ListKind, ServerChange } from "./session/lists.js";
export type {
  ElicitationHandler,
  HandlerContext,
  ListChange,
  RootLike,
  RootsOption,
  SamplingHandler,
  SessionOptions,
} from "./session/options.js";
export { toolData } from "./session/tool-data.js";
export type { ReplayOption, Session } from "./session/types.js";
export { MCPConfigTransport, type MCPConfigTransportOptions } from "./transports/config.js";
export { FastMCPStdioTransport, type FastMCPStdioTransportOptions } from "./transports/fastmcp.js";
export { StreamableHttpTransport, type StreamableHttpTransportOptions } from "./transports/http.js";
export {
  MemoryTransport,
  MemoryTransport as FastMCPTransport,
  type MemoryTransportOptions,
  type ServerFactory,
  type ServerLike,
} from "./transports/memory.js";
export { NodeStdioTransport, type NodeStdioTransportOptions } from "./transports/node.js";
export { NpxStdioTransport, type NpxStdioTransportOptions } from "./transports/npx.js";
export { PythonStdioTransport, type PythonStdioTransportOptions } from "./transports/python.js";
export type { RemoteOptions } from "./transports/remote.js";
export { SSETransport, type SSETransportOptions } from "./transports/sse.js";
export { type ProcessOptions, StdioTransport, type StdioTransportOptions } from "./transports/stdio.js";
export { ClientTransport, type TransportIdentity, type WaitOptions } from "./transports/transport.js";
export { UvStdioTransport, type UvStdioTransportOptions } from "./transports/uv.js";
export { UvxStdioTransport, type UvxStdioTransportOptions } from "./transports/uvx.js";
export { WSTransport, type WSTransportOptions } from "./transports/websocket.js";
export type { TlsOptions } from "./wires/agent.js";
export type { Authorization, AuthorizationStep, Credential, Refusal } from "./wires/credential.js";
export type { EnvOption } from "./wires/environment.js";
export type { LogTarget } from "./wires/log-file.js";
export type { FetchLike } from "./wires/network.js";
export type { Listening, Wire } from "./wires/wire.js";
