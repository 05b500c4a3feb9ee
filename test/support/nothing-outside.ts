import childProcess, { ChildProcess } from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
import { Server, Socket } from "node:net";

/** For the quick tests: what would start a process or open a socket throws, and says where such a test belongs. */
function refuse(what: string): () => never {
  return () => {
    throw new Error(`a quick test ${what}: its file belongs into the exclude list of vitest.quick.config.ts`);
  };
}

Object.assign(Socket.prototype, { connect: refuse("opens a socket") });
Object.assign(Server.prototype, { listen: refuse("listens on a port") });
Object.assign(ChildProcess.prototype, { spawn: refuse("starts a process") });
for (const name of ["spawnSync", "execFileSync", "execSync"] as const)
  childProcess[name] = refuse("starts a process") as never;
syncBuiltinESMExports();
