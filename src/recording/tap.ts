import type { JSONRPCMessage, TransportSendOptions } from "@modelcontextprotocol/client";
import type { Wire } from "../contract/wire.js";

/** Told of each message of a wire, in either direction. Must not throw. */
export type Tap = (direction: "in" | "out", message: JSONRPCMessage) => void;

/** A wire to use instead of `inner`. */
export function tapped(inner: Wire, tap: Tap): Wire {
  let onmessage: Wire["onmessage"];
  inner.onmessage = (message, extra) => {
    tap("in", message);
    onmessage?.(message, extra);
  };
  const send = (message: JSONRPCMessage, options?: TransportSendOptions) => {
    tap("out", message);
    return inner.send(message, options);
  };
  // Not a class: what the inner wire leaves out must be left out here too, and its private fields are its own.
  return new Proxy(inner, {
    get(_, key) {
      if (key === "onmessage") return onmessage;
      if (key === "send") return send;
      const value = Reflect.get(inner, key);
      return typeof value === "function" && !String(key).startsWith("on") ? value.bind(inner) : value;
    },
    set(_, key, value) {
      if (key !== "onmessage") return Reflect.set(inner, key, value);
      onmessage = value;
      return true;
    },
  });
}
