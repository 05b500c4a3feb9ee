export { Client } from "@modelcontextprotocol/client";
export { type ClientCredentialsOptions, clientCredentials } from "./auth/credentials/client-credentials.js";
export { oauth } from "./auth/credentials/source.js";
export type { AuthorizeContext, OAuthOptions, OnAuthorize } from "./auth/sign-in/options.js";
export { type FileStore, type FileStoreOptions, fileStore } from "./auth/store/file.js";
export { type KeychainStoreOptions, keychainStore } from "./auth/store/keychain.js";
export { memoryStore } from "./auth/store/memory.js";
export type { CredentialStore, StoredCredential, StoredKey, StoreUpdate } from "./auth/store/store.js";
export {
  type ErrorCode,
  type ErrorDetails,
  HoldfastError,
  isHoldfastError,
  type Outcome,
} from "./base/errors.js";
export { MCPConfigTransport } from "./composite/config-transport.js";
export type { NameRule } from "./composite/naming.js";
export type { MCPConfigTransportOptions } from "./composite/options.js";
export type { EveryServerOptions } from "./composite/server-transport.js";
export type { Variables } from "./config/expand.js";
export type { Problem } from "./config/invalid.js";
export { type LoadOptions, loadConfig } from "./config/load.js";
export { type McpConfig, type ParseOptions, parseConfig } from "./config/parse.js";
export type {
  AccessList,
  ArgumentTransform,
  CommonServerConfig,
  PinMode,
  RemoteServerConfig,
  ServerConfig,
  ServerOAuth,
  StdioServerConfig,
  ToolTransform,
  WholeConfig,
} from "./config/server.js";
export { updateConfigFile, writeConfig } from "./config/write.js";
export type {
  Authorization,
  AuthorizationStep,
  Credential,
  CredentialSource,
  FetchLike,
  Refusal,
  Resource,
} from "./contract/credential.js";
export type { SdkTransport, ServerDoor, SessionTransport } from "./contract/door.js";
export type { Explanation } from "./contract/explain.js";
export type { Inspect, InspectionEvent, RequestEnd } from "./contract/inspection.js";
export {
  type AuthOption,
  type CacheOption,
  DEFAULTS,
  type EraOption,
  type HeartbeatOptions,
  type Logger,
  type ReconnectOptions,
  type ReplayMode,
  type SchemaLimits,
  type SharedOptions,
  type TlsOptions,
} from "./contract/options.js";
export type {
  ElicitAnswer,
  ElicitationHandler,
  HandlerContext,
  ListChange,
  ReplayOption,
  RootLike,
  RootsOption,
  SamplingHandler,
  Session,
  SessionOptions,
  TransportHandle,
  WaitOptions,
} from "./contract/session.js";
export type {
  Authorizing,
  ConnectionDetail,
  ConnectionEvent,
  ConnectionState,
  ConnectionStatus,
  FailedHealth,
  FieldChange,
  Health,
  ListDifference,
  ListKind,
  ServerChange,
  StatusError,
  StatusListener,
} from "./contract/status.js";
export type {
  RunningTask,
  SessionTasks,
  StoredTask,
  TaskMode,
  TaskOption,
  TaskRef,
  TaskSettings,
  TaskStatus,
  TaskStore,
} from "./contract/tasks.js";
export type { AttemptContext, Listening, UnaskedRule, UnreadableAnswer, Wire } from "./contract/wire.js";
export { inferTransport } from "./infer/infer.js";
export type { InferOptions, Target } from "./infer/target.js";
export type { Failure } from "./machines/failure.js";
export type { FleetHealth } from "./machines/fleet-health.js";
export { type RecordedRequest, RecordedServer } from "./recording/server.js";
export { toolData } from "./session/tool-data.js";
export {
  type ExtTasksOptions,
  extTasks,
  type Json,
  type RawAnswer,
  type RawOptions,
} from "./tasks/ext-tasks.js";
export { fileTaskStore } from "./tasks/file-store.js";
export { memoryTaskStore } from "./tasks/memory-store.js";
export { FastMCPStdioTransport, type FastMCPStdioTransportOptions } from "./transports/fastmcp.js";
export {
  type InboundOptions,
  StreamableHttpTransport,
  type StreamableHttpTransportOptions,
} from "./transports/http.js";
export type { KindTransport } from "./transports/kind.js";
export {
  MemoryTransport,
  MemoryTransport as FastMCPTransport,
  type MemoryTransportOptions,
  type ServerFactory,
  type ServerLike,
} from "./transports/memory.js";
export { NodeStdioTransport, type NodeStdioTransportOptions } from "./transports/node.js";
export { NpxStdioTransport, type NpxStdioTransportOptions } from "./transports/npx.js";
export type { KindDefaults, TransportIdentity } from "./transports/opener.js";
export { PythonStdioTransport, type PythonStdioTransportOptions } from "./transports/python.js";
export { RecordedTransport, type RecordedTransportOptions } from "./transports/recorded.js";
export type { RemoteOptions, WebOptions } from "./transports/remote.js";
export { SSETransport, type SSETransportOptions } from "./transports/sse.js";
export {
  type ProcessOptions,
  StdioTransport,
  type StdioTransportOptions,
} from "./transports/stdio.js";
export { ClientTransport } from "./transports/transport.js";
export { UvStdioTransport, type UvStdioTransportOptions } from "./transports/uv.js";
export { UvxStdioTransport, type UvxStdioTransportOptions } from "./transports/uvx.js";
export { WSTransport, type WSTransportOptions } from "./transports/websocket.js";
export type { EnvOption } from "./wires/environment.js";
export type { LogTarget } from "./wires/log-file.js";
