export type { Inspect, InspectionEvent, RequestEnd } from "./events.js";
export { createInspector, type Inspector, type InspectorOptions } from "./inspector.js";
export { fromRecording, toRecording } from "./recorder.js";
export { type StatelyEvent, toStately } from "./stately.js";
