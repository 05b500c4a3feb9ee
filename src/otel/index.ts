export { type Otel, type OtelOptions, otel } from "./otel.js";
