import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { codeOf, HoldfastError, messageOf } from "../base/errors.js";
import { writableByOthers } from "../base/ownership.js";
import { textOf } from "./load.js";

/** A file that holds servers, with its text as it was read. */
export interface FoundFile {
  path: string;
  text: string;
}

/**
 * Reads a file that nobody named: a search came upon it. Undefined: there is none.
 * @throws HoldfastError `CONFIG_INVALID` where it cannot be read, or another user could have written it
 */
export function readFound(path: string): FoundFile | undefined {
  let file: number;
  try {
    // A pipe that nobody writes to would hold the program up.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error) ?? "")) return undefined;
    throw refused(path, `cannot be read: ${messageOf(error)}`);
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw refused(path, "is not a file");
    const why = writableByOthers(path, stat);
    if (why) throw refused(path, `was found by search and is not used: ${why}`);
    return { path, text: textOf(readFileSync(file), path) };
  } finally {
    closeSync(file);
  }
}

/**
 * Which files of projects a person has agreed to. Each is an empty file of the directory, named after path and content: a file
 * that changed is another one. The directory is made by the first `add`, for its user alone.
 */
export class TrustedFiles {
  constructor(private readonly directory: string) {}

  has(file: FoundFile): boolean {
    const stat = lstatSync(join(this.directory, nameOf(file)), { throwIfNoEntry: false });
    return stat !== undefined && this.#isOurs();
  }

  /** @throws HoldfastError `CONFIG_INVALID` where it cannot be remembered, or others could add to the directory */
  add(file: FoundFile): void {
    const { directory } = this;
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      // Nobody makes use of it unless the directory is ours.
      writeFileSync(join(directory, nameOf(file)), "", { mode: 0o600 });
    } catch (error) {
      throw refused(directory, `cannot be written: ${messageOf(error)}`);
    }
    this.#isOurs();
  }

  #isOurs(): boolean {
    const { directory } = this;
    const stat = lstatSync(directory);
    if (!stat.isDirectory()) throw refused(directory, "is not a folder");
    const why = writableByOthers(directory, stat);
    if (why) throw refused(directory, `holds what you trust, and is not used: ${why}`);
    return true;
  }
}

const nameOf = ({ path, text }: FoundFile): string =>
  createHash("sha256").update(`${path}\0${text}`).digest("hex");

const refused = (path: string, why: string) =>
  new HoldfastError("CONFIG_INVALID", `${path} ${why}`, { path: "" });
