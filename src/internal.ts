// What the command line needs of the library beyond what a program may import. Not an entry of the package.
export { scopeText } from "./auth/sign-in/options.js";
export { type Revocation, revoke } from "./auth/sign-in/revoke.js";
export { safeFetch } from "./auth/sign-in/safe-fetch.js";
export { defaultDirectory } from "./auth/store/directory.js";
export { keyIn } from "./auth/store/key-file.js";
export { readPrivate } from "./auth/store/private-file.js";
export { whenAborted } from "./base/abort.js";
export { DAEMON_MARK } from "./base/daemon-mark.js";
export { codeOf, messageOf } from "./base/errors.js";
export { fieldsOf, isObject } from "./base/fields.js";
export { keepAliveWhile } from "./base/keep-alive.js";
export { listeningPort } from "./base/listening-port.js";
export { quoted } from "./base/ownership.js";
export { redactor, Secrets, shownUrl, withoutUserInfo } from "./base/redact.js";
export { VERSION } from "./base/version.js";
export { visible, visibleJson, visibleLine } from "./base/visible.js";
export { readOffered } from "./composite/offered.js";
export { authOf, transportOf } from "./composite/server-transport.js";
export { CLIENT_NAMES } from "./config/clients.js";
export { secretsOf as configSecretsOf } from "./config/config-secrets.js";
export { readEntry } from "./config/entry.js";
export {
  type ClientFile,
  clientConfig,
  clientFiles,
  clientLock,
  clientOf,
  searchClient,
} from "./config/known.js";
export { readConfig, readServer, serversIn } from "./config/load.js";
export {
  LOCKED_KINDS,
  type LockedServer,
  type LockedServers,
  lockDifferences,
  lockedItem,
  lockPathOf,
  lockText,
  readLock,
} from "./config/lock.js";
export { parseConfig } from "./config/parse.js";
export { replaceFile } from "./config/replace-file.js";
export { isRemote } from "./config/server.js";
export { TrustedFiles } from "./config/trust.js";
export { unwrappedEntry, wrappedBy } from "./config/wrap/data.js";
export { difference } from "./config/wrap/difference.js";
export { configSecrets, type ReadFile, readWhole, rewriteFile } from "./config/wrap/rewrite.js";
export { applied as editedText } from "./config/wrap/spans.js";
export { type ConfigChange, unwrapChange, wrapChange } from "./config/wrap/wrap.js";
export { FORM as formOnly } from "./config/write.js";
export { Validators } from "./connection/validators.js";
export { explain } from "./contract/explain.js";
export { isConfigFile } from "./infer/config-file.js";
export { showRecording } from "./inspect/inspector.js";
export { connectionMachine } from "./machines/connection.js";
export { edges } from "./machines/edges.js";
export { mermaid } from "./machines/mermaid.js";
export { playOnStdio } from "./recording/stdio.js";
export { FAULT_KINDS } from "./testing/faults.js";
export { PROMISES } from "./testing/promises.js";
export { singleRequest } from "./transports/single-request.js";
export { installHint } from "./wires/environment.js";
export { endGroup } from "./wires/process-group.js";
export { forgetGroup, watchGroup } from "./wires/reaper.js";
