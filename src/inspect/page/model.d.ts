import type { InspectionEvent } from "../events.js";

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
  /** The times of calls, and of faults below 0. */
  marks: number[];
  settled: number[];
  stderr: string[];
  rate(now: number): number;
  latency(): number | undefined;
}
export class Model {
  readonly servers: Map<string, Server>;
  readonly events: InspectionEvent[];
  apply(event: InspectionEvent): Server | undefined;
}
