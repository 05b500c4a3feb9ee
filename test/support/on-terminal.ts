import { spawn } from "node:child_process";
import { once } from "node:events";

/** Runs a command line on a terminal of its own (util-linux), and answers the first question that it asks: [y/N]. */
export async function answeredOnTerminal(
  line: string,
  answer: string,
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<{ code: number; seen: string }> {
  const child = spawn("/usr/bin/script", ["-qec", line, "/dev/null"], { ...options, stdio: "pipe" });
  let seen = "";
  let asked = false;
  child.stdout.on("data", (chunk) => {
    seen += chunk;
    if (asked || !seen.includes("[y/N] ")) return;
    asked = true;
    child.stdin.write(answer);
  });
  const [code] = (await once(child, "close")) as [number];
  return { code, seen };
}
