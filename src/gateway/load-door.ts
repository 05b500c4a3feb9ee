import { loader } from "../base/loader.js";

/** A program in front of which nobody stands opens no door. */
export const loadDoor = loader(() => import("./door.js"));
