import { execFile, execFileSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

export interface Copy {
  readonly folder: string;
  /** Writes a file that git does not track yet. */
  write(file: string, text: string): void;
  append(file: string, text: string): void;
  remove(file: string): void;
  track(): void;
}

/** A copy of some of the checkout's folders, tracked by git, to plant a violation in. It ends with the test. */
export function copyOf(...folders: string[]): Copy {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-lint-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of folders) cpSync(join(root, name), join(folder, name), { recursive: true });
  const git = (...args: string[]) => execFileSync("git", args, { cwd: folder, stdio: "ignore" });
  git("init", "--quiet");
  // Only the names count: the contents need not be stored.
  const track = () => git("add", "--all", "--intent-to-add");
  track();
  return {
    folder,
    write(file, text) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    },
    append: (file, text) => appendFileSync(join(folder, file), text),
    remove: (file) => rmSync(join(folder, file)),
    track,
  };
}

/** Runs a tool of node_modules on a copy, which gets the checkout's packages for it. */
export function runTool(
  tool: string,
  args: string[],
  { folder }: Copy,
): Promise<{ code: number | null; output: string }> {
  if (!existsSync(join(folder, "node_modules"))) {
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  }
  return exec(join(root, "node_modules/.bin", tool), args, folder);
}

/** Runs one of `scripts/` and resolves to its exit code and all that it printed. */
export function run(script: string, ...args: string[]): Promise<{ code: number | null; output: string }> {
  return exec(process.execPath, [join(root, "scripts", script), ...args], root);
}

function exec(file: string, args: string[], cwd: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = execFile(file, args, { cwd }, (_error, out, err) =>
      resolve({ code: child.exitCode, output: out + err }),
    );
  });
}
