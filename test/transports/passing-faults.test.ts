import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ReconnectOptions } from "../../src/contract/options.js";
import { StdioTransport } from "../../src/transports/stdio.js";
import { closing, fixture, rejection } from "../support/fixtures.js";

/** A server whose program, folder and log file can be broken: an interpreter of its own, which is a real binary. */
function breakable(reconnect: ReconnectOptions = {}) {
  const root = mkdtempSync(join(tmpdir(), "holdfast-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const name of ["bin", "log", "work"]) mkdirSync(join(root, name));
  const bin = join(root, "bin", "server");
  copyFileSync("/bin/sh", bin);
  const script = join(root, "script");
  writeFileSync(
    script,
    `exec ${JSON.stringify(process.execPath)} ${JSON.stringify(fixture("small-server.mjs"))}\n`,
  );
  const transport = closing(
    new StdioTransport({
      name: "server",
      command: bin,
      args: [script],
      cwd: join(root, "work"),
      logFile: join(root, "log", "server.log"),
      era: "legacy",
      reconnect: { baseMs: 10, capMs: 50, ...reconnect },
    }),
  );
  return { root, bin, transport };
}
type Breakable = ReturnType<typeof breakable>;

const moved = (from: string): (() => void) => {
  renameSync(from, `${from}.away`);
  return () => renameSync(`${from}.away`, from);
};

/** What may be wrong for a moment: it breaks it, and gives what mends it. */
const faults: [name: string, told: RegExp, breaks: (it: Breakable) => () => void][] = [
  ["its program is away", /was not found/, ({ bin }) => moved(bin)],
  ["the folder of its program is away", /was not found/, ({ root }) => moved(join(root, "bin"))],
  ["its folder is away", /is not there any more/, ({ root }) => moved(join(root, "work"))],
  ["the folder of its log is away", /"logFile": ENOENT/, ({ root }) => moved(join(root, "log"))],
  [
    "its program may not be run yet",
    /no permission/,
    ({ bin }) => {
      chmodSync(bin, 0o644);
      return () => chmodSync(bin, 0o755);
    },
  ],
  [
    "its program is being written",
    /ETXTBSY/,
    ({ bin }) => {
      const writing = openSync(bin, "r+");
      return () => closeSync(writing);
    },
  ],
  [
    "its log file is a folder",
    /"logFile": EISDIR/,
    ({ root }) => {
      const file = join(root, "log", "server.log");
      rmSync(file, { force: true });
      mkdirSync(file);
      return () => rmSync(file, { recursive: true });
    },
  ],
];

describe("a server that was reached and cannot be started anew because", () => {
  it.each(faults)("%s is tried again until it can be", async (_name, told, breaks) => {
    const server = breakable();
    const { transport } = server;
    const session = await transport.connectSession();
    const mend = breaks(server);
    const failed = new Promise<string>((resolve) => {
      transport.subscribe((_status, event) => {
        if (event.type !== "transition" || event.from !== "connecting.opening") return;
        if (event.to === "connecting.waiting") resolve(event.error!.message);
      });
    });
    process.kill(transport.status.pid!, "SIGKILL");
    // The session lives on through as many attempts as it takes.
    expect(await failed).toMatch(told);
    mend();
    await session.callTool({ name: "pid" });
    expect(transport.status.epoch).toBeGreaterThan(2);
  });
});

describe("a server that was never reached and cannot be started because", () => {
  it.each(faults)("%s is told at once", async (_name, told, breaks) => {
    const server = breakable();
    const mend = breaks(server);
    expect(await rejection(server.transport.connectSession())).toMatchObject({
      message: expect.stringMatching(told),
    });
    mend();
    expect(server.transport.status.epoch).toBe(1);
  });

  it("something is a mistake is not tried again, though the first attempt may be", async () => {
    const server = breakable({ initial: true });
    const mend = moved(server.bin);
    expect(await rejection(server.transport.connectSession())).toMatchObject({ code: "SPAWN_FAILED" });
    mend();
    expect(server.transport.status.epoch).toBe(1);
  });

  it("the machine is busy is tried again, where the first attempt may be", async () => {
    const server = breakable({ initial: true });
    const writing = openSync(server.bin, "r+");
    const opening = server.transport.connectSession();
    await server.transport.waitFor("connecting");
    await new Promise<void>((resolve) => {
      server.transport.subscribe((status) => status.detail === "waiting" && resolve());
    });
    closeSync(writing);
    server.transport.retryNow();
    await opening;
  });
});
