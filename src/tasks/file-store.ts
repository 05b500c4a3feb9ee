import { resolve } from "node:path";
import { z } from "zod";
import { readPrivate, replacePrivate } from "../auth/store/private-file.js";
import { codeOf, HoldfastError, messageOf } from "../base/errors.js";
import { withFileLock } from "../base/file-lock/file-lock.js";
import type { StoredTask, TaskStore } from "../contract/tasks.js";
import { keptOf } from "./kept.js";

const OPTION = "taskStore";

/** Unknown fields are kept: a later version of holdfast may have written them. */
const FILE = z.looseObject({
  version: z.literal(1),
  tasks: z.array(
    z.looseObject({
      server: z.string(),
      era: z.enum(["legacy", "modern"]),
      taskId: z.string().optional(),
      tool: z.string(),
      createdAt: z.string(),
      ttlMs: z.number().nullable(),
      key: z.string().optional(),
    }),
  ),
});

/**
 * A store in one file that only its user may read (0600); all programs that name the file share it. A reader sees the old file or
 * the new one, even if a writer is killed. At most 1,000 tasks, each until its server forgets it.
 *
 * `list` and `update` reject with `CONFIG_INVALID` and `path: "taskStore"` where the file cannot be read or written, where it is
 * none of ours, or where others could read or change it.
 */
export function fileTaskStore(path: string): TaskStore {
  const file = resolve(path);
  return {
    list: async () => keptOf(await read(file), Date.now()),
    update: (change) =>
      withFileLock(
        file,
        async (hold) => {
          const tasks = keptOf(change(await read(file)), Date.now());
          const text = `${JSON.stringify({ version: 1, tasks }, null, 2)}\n`;
          await replacePrivate(file, text, () => hold.check()).catch((cause) => {
            throw unusable(file, "written", cause);
          });
        },
        { called: "the task store", option: OPTION },
      ),
  };
}

async function read(file: string): Promise<StoredTask[]> {
  try {
    return FILE.parse(JSON.parse(await readPrivate(file))).tasks as StoredTask[];
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return [];
    throw unusable(file, "read", cause);
  }
}

function unusable(file: string, what: "read" | "written", cause: unknown): HoldfastError {
  const why =
    cause instanceof z.ZodError || cause instanceof SyntaxError ? "it is no task store" : messageOf(cause);
  const message = `the task store ${file} cannot be ${what}: ${why}; name another file, or remove this one`;
  return new HoldfastError("CONFIG_INVALID", message, { path: OPTION, cause });
}
