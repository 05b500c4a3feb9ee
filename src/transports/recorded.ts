import { basename, resolve } from "node:path";
import { checkString, invalid } from "../base/check.js";
import { checkKnown } from "../contract/check-options.js";
import type { SharedOptions } from "../contract/options.js";
import { RecordedServer } from "../recording/server.js";
import { MemoryWire } from "../wires/memory.js";
import { KindTransport } from "./kind.js";

/** The options of `RecordedTransport`. */
export interface RecordedTransportOptions extends SharedOptions {
  /** The path of a recording, read with the first connect, or what `RecordedServer.load` made of one. */
  recording: string | RecordedServer;
}

/** A server that is a recording: no process, no socket, and the same answers each time. */
export class RecordedTransport extends KindTransport<RecordedTransportOptions> {
  constructor(options: RecordedTransportOptions) {
    const { recording } = options;
    checkKnown("recording", options, ["recording"]);
    if (!(recording instanceof RecordedServer)) {
      checkString("recording", recording);
      if (typeof options.record === "string" && resolve(options.record) === resolve(recording))
        throw invalid("record", "is the recording that is played, and would be emptied; name another file");
    }
    let loaded = recording instanceof RecordedServer ? recording : undefined;
    const opener = {
      kind: "recording",
      name: recording instanceof RecordedServer ? recording.name : basename(recording),
      open: () => {
        loaded ??= RecordedServer.load(String(recording));
        const server = loaded;
        return new MemoryWire(async (side) => (await server.connect(side)).close);
      },
    };
    super(options, opener, RecordedTransport);
  }
}
