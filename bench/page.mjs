// The tables of docs/benchmarks.md, made of what was measured.
const table = (head, rows) =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
const whole = (value) => Math.round(value).toLocaleString("en");
const figure = (value) => (value === undefined ? "" : value < 10 ? value.toFixed(1) : whole(value));
const ratio = (value) => (value === undefined ? "" : value.toFixed(2));

const calls = ([first, second], [one, other]) =>
  table(
    [
      "path",
      "at a time",
      "floor",
      "SDK 1",
      "SDK 2",
      "holdfast",
      `CPU to SDK 2, ${one}`,
      `calls/s to SDK 2, ${one}`,
      ...(second ? [`CPU, ${other}`, `calls/s, ${other}`] : []),
    ],
    first.map(({ name, width, floor, v1, v2, holdfast }, i) => [
      name,
      width,
      figure(floor?.cpu),
      figure(v1?.cpu),
      figure(v2.cpu),
      figure(holdfast.cpu),
      ratio(holdfast.cpuRatio),
      ratio(holdfast.rateRatio),
      ...(second ? [ratio(second[i].holdfast.cpuRatio), ratio(second[i].holdfast.rateRatio)] : []),
    ]),
  );

const MANY = { 1: "1", 50: "50", 200: "200", "reconnects 100": "1, after 100 reconnects" };
const many = (nodes, versions) =>
  table(
    [
      "Node",
      "connections",
      "CPU of making one, ms: SDK 1, 2, holdfast",
      "of a call, µs",
      "of any `await`, µs",
    ],
    nodes.flatMap((seen, i) =>
      Object.entries(MANY).map(([key, name]) => {
        const three = (what, digits) =>
          ["v1", "v2", "holdfast"].map((side) => seen[key][side][what].toFixed(digits)).join(", ");
        return [versions[i], name, three("each", 1), three("call", 0), three("await", 3)];
      }),
    ),
  );

const start = (nodes, versions) =>
  table(
    ["Node", "what starts", "CPU, ms", "ratio"],
    nodes.flatMap(({ imports, tools }, i) => [
      ...Object.entries(imports).map(([name, { cpu, ratio: to }]) => [
        versions[i],
        `\`import "${name}"\``,
        whole(cpu),
        ratio(to),
      ]),
      ...Object.entries(tools).map(([name, { cpu, ratio: to }]) => [
        versions[i],
        `\`${name}\``,
        whole(cpu),
        ratio(to),
      ]),
    ]),
  );

const KINDS = { memory: "memory", stdio: "stdio", ws: "WebSocket", sse: "SSE", http: "Streamable HTTP" };
function memory(seen) {
  const columns = Object.entries({ before: "before", holdfast: "holdfast", v2: "SDK 2" }).filter(
    ([column]) => seen[column],
  );
  const row = (name, key, unit) => [
    name,
    ...columns.map(([column]) => (key in seen[column] ? unit(seen[column][key]) : "")),
  ];
  const kb = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
  const left = (bytes) => `${Math.max(0, bytes)} B`;
  return table(
    ["", ...columns.map(([, name]) => name)],
    [
      row("1,000 transports that never connected", "unused", kb),
      ...Object.entries(KINDS).map(([kind, name]) => row(`200 connections, ${name}`, kind, kb)),
      ...Object.entries(KINDS).map(([kind, name]) => row(`10,000 calls, ${name}`, `${kind} calls`, left)),
    ],
  );
}

const idle = (seen) =>
  table(Object.values(KINDS), [Object.keys(KINDS).map((kind) => `${(seen[kind] * 100).toFixed(2)} %`)]);

function composite({ races, fifty: { v2, holdfast } }) {
  const rows = races.map(({ width, holdfast: { cpuRatio, rateRatio } }) => [
    width,
    ratio(cpuRatio),
    ratio(rateRatio),
  ]);
  return `${table(["at a time", "CPU of a call, ratio", "calls/s, ratio"], rows)}

holdfast connected fifty stdio servers, eight at a time, in ${holdfast.seconds.toFixed(2)} s; fifty raw clients, all at once, took ${v2.seconds.toFixed(2)} s. Each
server cost the client program ${holdfast.kb.toFixed(0)} kB of memory (${v2.kb.toFixed(0)} kB raw).`;
}

export function pageOf(results) {
  const { date, command, cores, load, versions, mcporter } = results;
  const day = date.toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
  const made = `Made by \`${command}\` on ${day}: ${versions.map((one) => `Node ${one.slice(1)}`).join(" and ")}, ${cores} cores, load ${load.toFixed(1)} at its begin.`;
  const sections = [
    ["calls", "## A call", "CPU of the client's program for one call, in microseconds.", calls],
    [
      "many",
      "## Many connections",
      "Over Streamable HTTP; 32 calls at a time, over all connections in turn.",
      many,
    ],
    [
      "start",
      "## The start",
      `CPU of fresh processes, the ratio to the first of their kind. The command lines list the tools of a server on stdio, and their CPU is that of the whole tree of processes${mcporter ? ` (mcporter ${mcporter})` : ""}.`,
      start,
    ],
    [
      "memory",
      "## Memory",
      "What is in use after all that can be collected was: for each transport or connection, and what each call leaves.",
      memory,
    ],
    [
      "idle",
      "## Idle",
      "Of one core, for 200 connections that nobody uses, with their heartbeats, over 70 s, in which each server is asked twice.",
      idle,
    ],
    [
      "composite",
      "## The composite",
      "Two stdio servers behind one client, against what one would write by hand: a raw SDK client and an in-memory SDK server that passes everything on to one stdio server.",
      composite,
    ],
  ];
  const shown = sections
    .filter(([key]) => results[key])
    .map(([key, title, text, make]) => `${title}\n\n${text}\n\n${make(results[key], versions)}`);
  return [made, ...shown].join("\n\n").concat("\n");
}
