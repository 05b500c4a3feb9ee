import { Command } from "commander";
import { MemoryTransport, StdioTransport, StreamableHttpTransport } from "../../index.js";
import { stopOnSignals } from "../commands/run.js";
import { print } from "../terminal/print.js";
import { attempt, echo, greet, killStdio, report, restartHttp, watch } from "./recovery.js";
import { served } from "./served.js";
import { EverythingServer, everythingPath, localServer } from "./servers.js";
import { Show } from "./show.js";
import { tour } from "./tour.js";

async function demo({ inspect }: { inspect?: boolean }): Promise<void> {
  const everything = await everythingPath();
  if (!inspect) {
    await recovery(everything);
    await served(everything);
    await tour(everything);
    return;
  }
  const show = await Show.start();
  try {
    await recovery(everything, show);
    await show.over();
  } finally {
    await show.close();
  }
}

/** Shows three servers, two of which are killed while calls are running. */
async function recovery(everything: string, show?: Show): Promise<void> {
  print("holdfast demo: three servers, two of them are going to die while calls are running\n");
  const http = new EverythingServer(everything, "streamableHttp");
  await http.start();
  const scores = {
    stdio: watch(
      new StdioTransport({ name: "stdio", command: process.execPath, args: [everything, "stdio"] }),
    ),
    http: watch(new StreamableHttpTransport({ name: "http", url: http.url })),
    memory: watch(new MemoryTransport({ name: "memory", server: localServer })),
  };
  const transports = Object.values(scores).map(({ transport }) => transport);
  const stop = stopOnSignals(...transports);
  await show?.watch(transports);
  try {
    const [stdio, remote, memory] = await Promise.all(
      transports.map((transport) => transport.connectSession()),
    );
    await greet(scores.stdio, stdio!);
    await greet(scores.http, remote!);
    await greet(scores.memory, memory!);
    await show?.pause();
    await killStdio(scores.stdio, stdio!);
    await show?.pause();
    await restartHttp(scores.http, remote!, http);
    await attempt(scores.memory, echo(memory!, "still here"));
    report(Object.values(scores));
    await show?.pause();
  } finally {
    await Promise.all(transports.map((transport) => transport.close()));
    await http.stop();
    stop();
  }
}

export const demoCommand = new Command("demo")
  .option("--inspect", "with a page that shows the connections while it happens")
  .action(demo);
