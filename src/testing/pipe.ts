// The process of a PipeProxy: node pipe.js PORT TOKEN COMMAND ARGS. Its words come from the socket, a line each.
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { type ByteFaults, Pair } from "./passage.js";

const [port, token, command, ...args] = process.argv.slice(2);
const control = connect(Number(port), "127.0.0.1");
control.on("error", () => {});
control.write(`${token}\n`);

const words = createInterface({ input: control });
words.on("error", () => {});
// Not before it can be told what to do: the first answer may be the one that is meant.
await new Promise<void>((resolve) => words.once("line", () => resolve()));
control.unref();

const child = spawn(command!, args, { stdio: ["pipe", "pipe", "inherit"] });
const pair = new Pair(() => {
  child.kill("SIGKILL");
  process.exit(137);
});
process.stdin.pipe(pair.up).pipe(child.stdin);
child.stdout.pipe(pair.down).pipe(process.stdout);
for (const stream of [child.stdin, process.stdout]) stream.on("error", () => {});
child.on("error", (error) => {
  console.error(error.message);
  process.exit(127);
});
// What it said before its end is still on its way.
child.on("close", (code) => {
  const end = () => process.stdout.write("", () => process.exit(code ?? 137));
  if (pair.down.readableEnded) end();
  else pair.down.once("end", end);
});

const PLAIN = ["cut", "stall", "resume", "corrupt", "truncate"] as const satisfies (keyof ByteFaults)[];
words.on("line", (line) => {
  const plain = PLAIN.find((word) => word === line);
  if (plain) pair[plain]();
  else if (line.startsWith("slow ")) pair.slow(Number(line.slice(5)));
});
