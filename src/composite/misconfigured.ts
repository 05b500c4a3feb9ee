import { HoldfastError, isHoldfastError, messageOf } from "../base/errors.js";
import type { Problem } from "../config/invalid.js";
import type { SharedOptions } from "../contract/options.js";
import { KindTransport } from "../transports/kind.js";
import type { ClientTransport } from "../transports/transport.js";

interface MisconfiguredOptions extends SharedOptions {
  name: string;
  problems: readonly Problem[];
}

/** An entry that is wrong, where a server's config stands. */
export class Misconfigured {
  constructor(readonly problems: readonly Problem[]) {}
}

/** A server of a config whose entry is wrong: each attempt to reach it says why, and the others go on. */
export class MisconfiguredTransport extends KindTransport<MisconfiguredOptions> {
  constructor({ name, problems }: MisconfiguredOptions) {
    const open = () => {
      throw misconfigured(name, problems);
    };
    super({ name, problems }, { kind: "misconfigured", name, open }, MisconfiguredTransport);
  }
}

function misconfigured(server: string, problems: readonly Problem[]): HoldfastError {
  const all = problems.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join("; ");
  const message = `${server}: its entry in the config is not valid: ${all}`;
  return new HoldfastError("CONFIG_INVALID", message, {
    server,
    path: problems[0]?.path ?? "",
    problems: [...problems],
  });
}

/** What only a kind of transport finds wrong, such as a character that no header can have, is that server's failure. */
export function madeOrWrong(name: string, make: () => ClientTransport, alone: unknown): ClientTransport {
  try {
    return make();
  } catch (error) {
    const { path = "" } = isHoldfastError(error, "CONFIG_INVALID") ? error : {};
    if (alone || !/^(url|headers|auth|oauth|command|args|env|cwd)\b/.test(path)) throw error;
    return new MisconfiguredTransport({ name, problems: [{ path: "", message: messageOf(error) }] });
  }
}
