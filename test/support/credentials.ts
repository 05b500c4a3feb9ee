import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { StoredCredential } from "../../src/auth/store/store.js";

export const SERVER = "https://mcp.example/mcp";

/** A directory that ends with the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-auth-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A credential whose access token and time are this number. */
export function credential(number: number): StoredCredential {
  return {
    server: SERVER,
    issuer: "https://issuer.example",
    client: "c",
    tokens: { access_token: String(number), token_type: "Bearer" },
    savedAt: number,
  };
}

/** The number in the newest access token; 0: there is none. */
export const numberOf = (stored: readonly StoredCredential[]) => Number(stored[0]?.tokens?.access_token ?? 0);

/** Something that happens when it is told to. */
export function gate(): { open: () => void; opened: Promise<void> } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}
