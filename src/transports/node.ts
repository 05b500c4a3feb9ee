import { statSync } from "node:fs";
import { basename, extname, resolve } from "node:path";
import { checkKnown, checkOneOf, checkString, checkStrings, invalid } from "./check.js";
import { type CommandLine, PROCESS_OPTIONS, type ProcessOptions, ProcessTransport } from "./stdio.js";

export interface NodeStdioTransportOptions extends ProcessOptions {
  /** A `.js`, `.mjs`, `.cjs`, `.ts` or `.mts` file that exists. Resolved before `cwd` applies. */
  scriptPath: string;
  args?: string[];
  /** Default: the Node that runs this program. */
  nodeCommand?: string;
}

export const NODE_ENDINGS = [".js", ".mjs", ".cjs", ".ts", ".mts"];

/** A script that Node runs. */
export class NodeStdioTransport extends ProcessTransport {
  readonly #options: NodeStdioTransportOptions;

  constructor(options: NodeStdioTransportOptions) {
    checkKnown("node", options, ["scriptPath", "args", "nodeCommand", ...PROCESS_OPTIONS]);
    super(options, nodeCommandLine(options));
    this.#options = options;
  }

  override fork(): NodeStdioTransport {
    return new NodeStdioTransport(this.#options);
  }
}

/** `node SCRIPT ARGS`. Throws `CONFIG_INVALID` where the script is missing or no script. */
export function nodeCommandLine({ scriptPath, args, nodeCommand }: NodeStdioTransportOptions): CommandLine {
  checkString("scriptPath", scriptPath);
  checkStrings("args", args);
  const script = resolve(scriptPath);
  if (!statSync(script, { throwIfNoEntry: false })?.isFile())
    throw invalid("scriptPath", `there is no file ${JSON.stringify(script)}`);
  checkOneOf("scriptPath's ending", extname(script), NODE_ENDINGS);
  return {
    kind: "node",
    name: basename(script),
    command: nodeCommand ?? process.execPath,
    args: [script, ...(args ?? [])],
  };
}
