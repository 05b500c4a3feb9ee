import { setMaxListeners } from "node:events";

/** A controller for as many as want to know: ten who wait at once are many calls and no leak, and Node warns from eleven on. */
export function controllerForMany(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
