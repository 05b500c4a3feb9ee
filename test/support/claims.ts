import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, utimesSync, writeFileSync } from "node:fs";
import { onTestFinished } from "vitest";
import { type LockHolder, thisHolder } from "../../src/base/file-lock/lock-holder.js";
import { claimPath } from "../../src/base/file-lock/lock-rivals.js";

let claims = 0;

/** Makes the claim of a holder like this process but for what is given, refreshed `age` ms ago, and gives its path. */
export function makeClaim(path: string, holder: Partial<LockHolder> = {}, age = 0): string {
  const nonce = (++claims).toString(16).padStart(16, "0");
  const claim = claimPath(path, { ...thisHolder(), ...holder }, nonce);
  writeFileSync(claim, "");
  if (age !== 0) touch(claim, age);
  return claim;
}

/** Refreshes a claim as if it were `age` ms ago. */
export function touch(claim: string, age = 0): void {
  const time = new Date(Date.now() - age);
  if (existsSync(claim)) utimesSync(claim, time, time);
}

/** A process that ended. */
export const deadPid = () =>
  Number(execFileSync(process.execPath, ["-p", "process.pid"], { encoding: "utf8" }));

/** A process that ended and whose parent does not ask for its end. */
export async function zombiePid(): Promise<number> {
  const parent = spawn("/bin/sh", ["-c", "sh -c 'exit 0' & echo $!; exec sleep 60"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(async () => {
    parent.kill("SIGKILL");
    await once(parent, "close");
  });
  return Number(String((await once(parent.stdout, "data"))[0]));
}
