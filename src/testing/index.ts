export type { Clock } from "../machines/clock.js";
export { type RecordedRequest, RecordedServer } from "../recording/server.js";
export { attemptArbitrary, faultArbitrary, scriptArbitrary } from "./arbitraries.js";
export { ScheduledClock } from "./clock.js";
export { type ExamineOptions, examine, type Finding, type Progress, type Report } from "./examine.js";
export { type FakeHandler, FakeServer, FakeTransport } from "./fake-server.js";
export {
  type Direction,
  dice,
  FAULT_KINDS,
  type Fault,
  type FaultKind,
  type FaultPlan,
  type Passing,
  type RandomFaultOptions,
  random,
  scripted,
} from "./faults.js";
export type { Faults } from "./faulty-wire.js";
export { type AttemptScript, type Injection, type InjectOptions, inject, type WireRecord } from "./inject.js";
export { leftBehind } from "./leftovers.js";
export type { ByteFaults } from "./passage.js";
export { PipeProxy } from "./pipe-proxy.js";
export type { MakeTransport, RunOptions, SafeCall } from "./record.js";
export { type LifecycleScript, STEPS, type Step } from "./script.js";
export { SocketProxy } from "./socket-proxy.js";
export { type LifecycleTest, lifecycleSuite } from "./suite.js";
