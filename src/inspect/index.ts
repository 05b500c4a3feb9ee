export type { Inspect, InspectionEvent, RequestEnd } from "../contract/inspection.js";
export { createInspector, type Inspector, type InspectorOptions } from "./inspector.js";
export { fromRecording, toRecording } from "./recorder.js";
export { type StatelyEvent, toStately } from "./stately.js";
