import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { temporary } from "./temporary.js";

/** A machine with these files: `~` is its home, others lie in a project. */
export function machineWith(files: Record<string, unknown>) {
  const folder = temporary();
  const [home, cwd] = [join(folder, "home"), join(folder, "project")];
  for (const made of [home, join(cwd, ".git")]) mkdirSync(made, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const path = name.startsWith("~") ? join(home, name.slice(2)) : join(cwd, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  }
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    ...{ HOME: home, XDG_CONFIG_HOME: join(home, ".config"), HOLDFAST_STORE: join(home, "store") },
  };
  return { home, cwd, env };
}
