import { basename, extname } from "node:path";
import { checkScript, checkString, checkStrings, invalid } from "../base/check.js";
import { fieldsOf } from "../base/fields.js";
import { checkKnown } from "../contract/check-options.js";
import { KindTransport } from "./kind.js";
import { type CommandLine, PROCESS_OPTIONS, type ProcessOptions, processOpener } from "./stdio.js";

/** The options of `NodeStdioTransport`. */
export interface NodeStdioTransportOptions extends ProcessOptions {
  /** An existing `.js`, `.mjs`, `.cjs`, `.ts` or `.mts` file. A relative path starts at the program's directory, not at `cwd`. */
  scriptPath: string;
  /** The arguments of the script. Default: none. */
  args?: string[];
  /** The command that runs the script. Default: the Node that runs this program. */
  nodeCommand?: string;
}

export const NODE_ENDINGS = [".js", ".mjs", ".cjs", ".ts", ".mts"];
const TYPESCRIPT = [".ts", ".mts"];

/**
 * A script that Node runs.
 * @throws HoldfastError `CONFIG_INVALID` where the script is missing, is no script, or this Node cannot run it
 */
export class NodeStdioTransport extends KindTransport<NodeStdioTransportOptions> {
  constructor(options: NodeStdioTransportOptions) {
    checkKnown("node", options, ["scriptPath", "args", "nodeCommand", ...PROCESS_OPTIONS]);
    super(options, processOpener(options, nodeCommandLine(options)), NodeStdioTransport);
  }
}

/** `node SCRIPT ARGS` */
export function nodeCommandLine(
  { scriptPath, args, nodeCommand }: NodeStdioTransportOptions,
  runsTypeScript = Boolean(fieldsOf(process.features)["typescript"]),
): CommandLine {
  const script = checkScript("scriptPath", scriptPath, NODE_ENDINGS);
  checkStrings("args", args);
  if (nodeCommand !== undefined) checkString("nodeCommand", nodeCommand);
  else if (TYPESCRIPT.includes(extname(script)) && !runsTypeScript)
    throw invalid(
      "scriptPath",
      `Node ${process.versions.node} does not run TypeScript; use Node 22.18 or newer, or pass nodeCommand (for example "tsx")`,
    );
  return {
    kind: "node",
    name: basename(script),
    command: nodeCommand ?? process.execPath,
    args: [script, ...(args ?? [])],
  };
}
