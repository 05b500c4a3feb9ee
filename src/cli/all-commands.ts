import type { CommandEntry } from "./command-entry.js";
import { LOCAL_COMMANDS } from "./local-commands.js";

/** Every command by its name, in the order in which the help shows them. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  init: {
    description: "write a small agent with a config, and its test, to begin with",
    load: async () => (await import("./commands/init.js")).initCommand,
  },
  status: {
    description: "connect, and show the connection and what the server offers",
    load: async () => (await import("./commands/status.js")).statusCommand,
  },
  tools: {
    description: "list the tools",
    load: async () => (await import("./commands/lists.js")).toolsCommand,
  },
  call: {
    description: "call a tool",
    load: async () => (await import("./commands/call.js")).callCommand,
  },
  resources: {
    description: "list the resources and the resource templates",
    load: async () => (await import("./commands/lists.js")).resourcesCommand,
  },
  read: {
    description: "print a resource",
    load: async () => (await import("./commands/read.js")).readCommand,
  },
  prompts: {
    description: "list the prompts",
    load: async () => (await import("./commands/lists.js")).promptsCommand,
  },
  prompt: {
    description: "print a prompt",
    load: async () => (await import("./commands/read.js")).promptCommand,
  },
  lock: {
    description: "write down what the servers of a config offer, for its pin to compare with",
    load: async () => (await import("./commands/lock.js")).lockCommand,
  },
  generate: {
    description: "write the types of a server's tools for TypeScript, and a function that calls them",
    load: async () => (await import("./commands/generate.js")).generateCommand,
  },
  check: {
    description: "break the connection to a server in many ways, and see whether every promise is kept",
    load: async () => (await import("./commands/check.js")).checkCommand,
  },
  serve: {
    description: "serve the target to other programs: on stdin and stdout, or over HTTP",
    load: async () => (await import("./commands/serve.js")).serveCommand,
  },
  replay: {
    description: "be the server of a recording, on stdin and stdout: for a test or a config, with no server",
    load: async () => (await import("./commands/replay.js")).replayCommand,
  },
  inspect: {
    description: "show the connections in a page on this machine: live, or a recording.jsonl",
    load: async () => (await import("./commands/inspect.js")).inspectCommand,
  },
  ...LOCAL_COMMANDS,
  daemon: {
    description: "be the daemon of serve --shared; daemon install starts it at every login",
    load: async () => (await import("./commands/daemon.js")).daemonCommand,
  },
  // What the scripts of `completion` run.
  complete: {
    description: "complete a command line",
    hidden: true,
    load: async () => (await import("./commands/completion.js")).completeCommand(shown(), loaded),
  },
};

const shown = () =>
  Object.entries(COMMANDS).flatMap(([name, { description, hidden }]): [string, string][] =>
    hidden ? [] : [[name, description]],
  );

const loaded = async (name: string) => (Object.hasOwn(COMMANDS, name) ? COMMANDS[name]?.load() : undefined);
