import type { InspectionEvent } from "../../contract/inspection.js";

export interface Server {
  id: string;
  name: string;
  kind: string;
  state: string;
  detail: string | undefined;
  inFlight: number;
  calls: number;
  failures: number;
  wire: object | undefined;
  bands: { at: number; state: string }[];
  answers: number[];
  faults: number[];
  paused: boolean;
  reason: string;
  gone: boolean;
  attempt: number;
  nextRetryAt: number | undefined;
  settled: number[];
  stderr: { at: number; line: string; times: number }[];
  requests: { at: number; call: string; durationMs: number; end: string; bad: boolean }[];
  parent: string;
  health: string;
  advice: string;
  lazy: string;
  group(): string;
  rank(): number;
  rate(now: number): number;
  perSecond(now: number, seconds: number): number[];
  latency(): number | undefined;
}
export class Model {
  readonly servers: Map<string, Server>;
  readonly events: InspectionEvent[];
  apply(event: InspectionEvent): Server | undefined;
  forgetGone(): string[];
}
