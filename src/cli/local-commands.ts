import type { CommandEntry } from "./command-entry.js";

/** The commands on this machine and what is kept there, in the order in which the help shows them after the others. */
export const LOCAL_COMMANDS: Readonly<Record<string, CommandEntry>> = {
  discover: {
    description: "find the configs of all clients on this machine, and their servers",
    load: async () => (await import("./commands/discover.js")).discoverCommand,
  },
  doctor: {
    description: "say what in the configs on this machine is broken, and how to mend it",
    load: async () => (await import("./commands/doctor.js")).doctorCommand,
  },
  wrap: {
    description: "put the servers of a client, or of a config file, behind holdfast",
    load: async () => (await import("./commands/wrap.js")).wrapCommand,
  },
  unwrap: {
    description: "take them from behind holdfast, the inverse of wrap",
    load: async () => (await import("./commands/wrap.js")).unwrapCommand,
  },
  login: {
    description: "sign in to a server, or to each remote server of a config, with the browser",
    load: async () => (await import("./commands/login.js")).loginCommandLine,
  },
  logout: {
    description: "forget what was got for a server, or for each remote server of a config",
    load: async () => (await import("./commands/logout.js")).logoutCommandLine,
  },
  ps: {
    description: "show the daemons of serve --shared, their servers and clients",
    load: async () => (await import("./commands/daemons.js")).psCommand,
  },
  top: {
    description: "the same, live, with CPU time and calls per second",
    load: async () => (await import("./commands/top.js")).topCommand,
  },
  logs: {
    description: "print the log of a daemon, or of one of its servers",
    load: async () => (await import("./commands/daemons.js")).logsCommand,
  },
  stop: {
    description: "end a daemon when what runs is answered; the next call of a host starts it anew",
    load: async () => (await import("./commands/daemons.js")).stopCommand,
  },
  completion: {
    description: "print the completion script of a shell: bash, zsh or fish",
    load: async () => (await import("./commands/completion.js")).completionCommand,
  },
  chart: {
    description: "print the chart of a connection, made from the machine itself",
    load: async () => (await import("./commands/chart.js")).chartCommand,
  },
  demo: {
    description: "show on real servers what happens when connections break",
    load: async () => (await import("./demo/demo.js")).demoCommand,
  },
};
