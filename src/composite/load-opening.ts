import { loader } from "../base/loader.js";

export type { OpenComposite } from "./opening.js";

/** A config with one server opens no composite. */
export const loadOpening = loader(() => import("./opening.js"));
