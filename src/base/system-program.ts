import { win32 } from "node:path";

/** A program of Windows itself, by its path: by its name alone, one in the current folder would come first. */
export const systemProgram = (name: string, root = process.env["SystemRoot"]): string =>
  win32.join(root || "C:\\Windows", "System32", name);
