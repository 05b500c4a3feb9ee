// What an inspector that watches costs: the same calls with one and without, in turns in one run.
import { fileURLToPath } from "node:url";
import { MemoryTransport, StdioTransport } from "../dist/index.js";
import { Recorder } from "../dist/inspect/recorder.js";
import { race } from "./race.mjs";
import { memoryServer } from "./smallest-server.mjs";
import { CALL } from "./targets.mjs";

const args = [fileURLToPath(new URL("./smallest-server.mjs", import.meta.url)), "stdio"];
const kinds = {
  memory: (more) => new MemoryTransport({ server: memoryServer(), ...more }),
  stdio: (more) => new StdioTransport({ command: process.execPath, args, era: "legacy", ...more }),
};
for (const [kind, open] of Object.entries(kinds)) {
  const recorder = new Recorder(5_000);
  const transports = [open({}), open({ inspect: (event) => recorder.add(event) })];
  const [bare, inspected] = await Promise.all(transports.map((transport) => transport.connectSession()));
  const calls = { bare: () => bare.callTool(CALL), inspected: () => inspected.callTool(CALL) };
  for (const width of [1, 32]) {
    const figures = await race(calls, width, "bare");
    const { rateRatio, cpuRatio } = figures.inspected;
    console.log(
      `${kind}, ${width} at a time: ${rateRatio.toFixed(2)} of the calls, ${cpuRatio.toFixed(2)} of the CPU`,
    );
  }
  await Promise.all(transports.map((transport) => transport.close()));
}
