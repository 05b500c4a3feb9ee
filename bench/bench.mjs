// npm run bench: what holdfast costs, beside the SDK's clients and the floor. Everything is measured in one run, by programs of their
// own; --write puts the result into docs/benchmarks.md and its picture, else it is printed.
//   --only=calls,many,start,memory,idle,composite   --nodes=24 (besides this one; none: 0)   --before=COMMIT or a built folder
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { argument } from "./options.mjs";
import { pageOf } from "./page.mjs";
import { pictureOf } from "./picture.mjs";
import { newestMcporter, olderHoldfast, otherNode } from "./surroundings.mjs";

const exec = promisify(execFile);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const all = ["calls", "many", "start", "memory", "idle", "composite"];
const only = argument("--only")?.split(",") ?? all;
const write = process.argv.includes("--write");
if (write && only !== all && only.length < all.length) throw new Error("--write wants all: leave --only out");

const version = argument("--nodes") ?? "24";
const nodes = [process.execPath, ...(version === "0" ? [] : [otherNode(version)])];
const before = argument("--before");

/** Runs a measurement in a process of its own, and reads the JSON that it prints. */
async function part(file, args = [], { node = process.execPath, root } = {}) {
  const env = { ...process.env, ...(root && { HOLDFAST: root }) };
  const command = ["--expose-gc", here(file), ...args.map(String)];
  const { stdout } = await exec(node, command, { env, maxBuffer: 1 << 26 });
  return JSON.parse(stdout);
}

const onEachNode = async (measure) => {
  const seen = [];
  for (const node of nodes) seen.push(await measure({ node }));
  return seen;
};

async function many(options) {
  const seen = {};
  for (const what of [[1], [50], [200], ["reconnects", 100]]) {
    const sides = {};
    for (const side of ["v1", "v2", "holdfast"])
      sides[side] = await part("./many.mjs", [side, ...what], options);
    seen[what.join(" ")] = sides;
  }
  return seen;
}

const KINDS = ["memory", "stdio", "ws", "sse", "http"];

/** Bytes, so nothing is lost by measuring columns at once. */
async function memory() {
  const older = before && olderHoldfast(before);
  const columns = [...(older ? [["before", "holdfast", older]] : []), ["holdfast", "holdfast"], ["v2", "v2"]];
  const measured = columns.map(async ([column, side, root]) => {
    const rows = {};
    const bytes = async (row, ...args) => {
      rows[row] = await part("./footprint.mjs", args, { root });
    };
    if (side === "holdfast") await bytes("unused", "unused", 1000);
    for (const kind of KINDS) await bytes(kind, kind, 200, side);
    for (const kind of KINDS) await bytes(`${kind} calls`, kind, "calls", 10_000, side);
    return [column, rows];
  });
  return Object.fromEntries(await Promise.all(measured));
}

const idle = async () =>
  Object.fromEntries(
    await Promise.all(KINDS.map(async (kind) => [kind, await part("./idle.mjs", [kind, 200])])),
  );

const mcporter = only.includes("start") ? newestMcporter() : undefined;
const measures = {
  calls: () => onEachNode((options) => part("./calls.mjs", [], options)),
  many: () => onEachNode(many),
  start: () => onEachNode((options) => part("./start.mjs", [mcporter.folder], options)),
  memory,
  idle,
  composite: () => part("./composite.mjs"),
};

const results = {
  date: new Date(),
  command: `npm run bench -- ${process.argv.slice(2).join(" ")}`.trim(),
  cores: availableParallelism(),
  load: loadavg()[0],
  mcporter: mcporter?.version,
  versions: await Promise.all(nodes.map(async (node) => (await exec(node, ["--version"])).stdout.trim())),
};
for (const name of all.filter((one) => only.includes(one))) {
  console.error(`${name} …`);
  results[name] = await measures[name]();
}
const page = pageOf(results);
if (!write) console.log(page);
else {
  const file = here("../docs/benchmarks.md");
  const [start, end] = ["<!-- npm run bench -->", "<!-- end of npm run bench -->"];
  const text = readFileSync(file, "utf8");
  const [head, tail] = [text.slice(0, text.indexOf(start)), text.slice(text.indexOf(end))];
  writeFileSync(file, `${head}${start}\n\n${page}\n${tail}`);
  writeFileSync(here("../docs/benchmarks.svg"), pictureOf(results.calls[0]));
}
