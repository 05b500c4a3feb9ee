// All arrows between the modules of src/, and what is wrong with them.
import { existsSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { circlesOf } from "./circles.mjs";
import { arrowsOf, modulesBelow, parse, resolve, trackedBelow } from "./modules.mjs";
import { ENTRIES, MAX_IMPORTS, ONLY, ORDER, OUTSIDE, PACKAGES } from "./rooms.mjs";

/** What src/ may hold that has no arrows. */
const NO_MODULE = /\.(html|css)$/;

/** A declaration beside a script is the script's own. */
const ownerOf = (root, file) =>
  file.endsWith(".d.ts") ? (resolve(root, file, `./${posix.basename(file, ".d.ts")}.js`) ?? file) : file;

const roomOf = (file) => file.split("/")[1];

/** The arrows of a checkout, as `{ from, to, where }` with paths from its root, and what could not be read of them. */
function readArrows(root) {
  const read = modulesBelow(root, "src");
  const problems = unread(root, read);
  const arrows = [];
  const packages = [];
  for (const from of read) {
    for (const { specifier, line } of arrowsIn(root, from, problems)) {
      const where = `${from}:${line}`;
      const to = specifier?.startsWith(".") && resolve(root, from, specifier);
      if (to) arrows.push({ from: ownerOf(root, from), to: ownerOf(root, to), where });
      else if (specifier === undefined)
        problems.push(`${where} imports what only a run could tell: write the path`);
      else if (/^(#|\/|file:|holdfast(\/|$))/.test(specifier))
        problems.push(`${where} imports "${specifier}": name the module by its relative path`);
      else if (specifier.startsWith("."))
        problems.push(`${where} imports "${specifier}", which is no module`);
      else packages.push({ from, name: specifier, where });
    }
  }
  return { read, arrows, packages, problems };
}

function arrowsIn(root, file, problems) {
  try {
    return arrowsOf(parse(root, file));
  } catch (error) {
    problems.push(error.message);
    return [];
  }
}

/** What git lists and nobody read. An export without .git has nothing to compare with. */
function unread(root, read) {
  if (read.length === 0) return ["no module was read in src/"];
  const tracked = trackedBelow(root, "src");
  if (!tracked) return existsSync(join(root, ".git")) ? ["git does not list src/"] : [];
  const known = new Set(read);
  const missing = tracked.filter((file) => !known.has(file) && !NO_MODULE.test(file));
  return missing.map((file) => `${file} is listed by git and was not read`);
}

/** Everything wrong with the arrows of a checkout: a sentence each. */
export function check(root) {
  const { read, arrows, packages, problems } = readArrows(root);
  const between = arrows.filter(({ from, to }) => from !== to);
  const circles = circlesOf(between);
  const roomCircles = circlesOf(
    between
      .map(({ from, to, where }) => ({ from: dirname(from), to: dirname(to), where }))
      .filter(({ from, to }) => from !== to),
  );
  problems.push(
    ...read.flatMap((file) => [...misplaced(file), ...tooWide(file, between)]),
    ...between.flatMap((arrow) => misdirected(arrow)),
    ...packages.flatMap((arrow) => foreign(arrow)),
    ...circles.map((circle) => `a circle of files: ${circle.join(" -> ")}`),
    ...roomCircles.map((circle) => `a circle of rooms: ${circle.join(" -> ")}`),
  );
  return {
    read: read.length,
    arrows: arrows.length,
    circles: circles.length,
    roomCircles: roomCircles.length,
    problems,
  };
}

const levelOf = (room) => ORDER.findIndex((line) => line.includes(room));

function misplaced(file) {
  return levelOf(roomOf(file)) < 0 ? [`${file} is in no room of scripts/lint/rooms.mjs`] : [];
}

function misdirected({ from, to, where }) {
  const [room, target] = [roomOf(from), roomOf(to)];
  if (!to.startsWith("src/")) {
    const allowed = OUTSIDE[room] ?? [];
    return allowed.includes(to.split("/")[0]) ? [] : [`${where} imports ${to}, which is not in src/`];
  }
  if (room === target) return [];
  const points = `${where} points from ${room} to ${target} (${to})`;
  if (levelOf(target) >= levelOf(room)) return [`${points}, which is not below it`];
  const only = ONLY[room];
  return only && !only.includes(target) ? [`${points}; it may know ${only.join(" and ")} only`] : [];
}

function tooWide(file, arrows) {
  const { size } = new Set(arrows.filter(({ from }) => from === file).map(({ to }) => to));
  if (size <= MAX_IMPORTS || ENTRIES.includes(file)) return [];
  return [`${file} imports ${size} modules, more than ${MAX_IMPORTS}: split it by what it does`];
}

function foreign({ from, name, where }) {
  const { only, never } = PACKAGES[roomOf(from)] ?? {};
  const isWrong = (only && !only.test(name)) || never?.test(name);
  return isWrong ? [`${where} imports ${name}, which ${roomOf(from)} may not know`] : [];
}
