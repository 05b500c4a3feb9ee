import { HoldfastError } from "../base/errors.js";

export function tooLarge(maxMessageBytes: number): HoldfastError<"MESSAGE_TOO_LARGE"> {
  const message = `a message was larger than ${maxMessageBytes} bytes and was thrown away; raise maxMessageBytes to accept it`;
  return new HoldfastError("MESSAGE_TOO_LARGE", message, { maxMessageBytes });
}
