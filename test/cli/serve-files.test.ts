import { chmodSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { run } from "../../src/cli/program.js";
import { fixture } from "../support/fixtures.js";

/** What `holdfast serve` says of a file that holds a secret. */
async function serveWith(option: string, make: (path: string) => void, more: string[] = []): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-serve-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "secret");
  make(path);
  let said = "";
  const take = (text: unknown) => {
    said += `${String(text)}\n`;
    return true;
  };
  for (const method of ["log", "info", "debug", "error"] as const)
    vi.spyOn(console, method).mockImplementation(take);
  vi.spyOn(process.stderr, "write").mockImplementation(take);
  onTestFinished(() => void vi.restoreAllMocks());
  vi.stubEnv("XDG_DATA_HOME", folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  // The server would end at once: nobody reaches it.
  const code = await run([
    ...["serve", "--http", "127.0.0.1:0", option, path, ...more],
    ...["--", process.execPath, "-e", "0"],
  ]);
  expect(code).toBe(2);
  return said.replaceAll(path, "FILE");
}

describe.skipIf(process.platform === "win32")("the secret of what is served", () => {
  it.each(["--token-file", "--session-key-file"])(
    "of %s is not taken from a file that others may read, or through a link, or that holds no word",
    async (option) => {
      const open = await serveWith(option, (path) => {
        writeFileSync(path, "word\n");
        chmodSync(path, 0o644);
      });
      expect(open).toContain(`${option}: FILE is not used: others may read it (mode 644)`);
      expect(open).toContain("chmod 600 FILE");
      const link = await serveWith(option, (path) => {
        writeFileSync(`${path}.real`, "word\n", { mode: 0o600 });
        symlinkSync(`${path}.real`, path);
      });
      expect(link).toContain(`${option}: FILE is a link`);
      const empty = await serveWith(option, (path) => writeFileSync(path, "two words\n", { mode: 0o600 }));
      expect(empty).toContain(`${option}: FILE does not hold one word`);
    },
  );

  it("of --oauth is in a file of JSON that nobody else may read, and what is wrong in it is said", async () => {
    const open = await serveWith("--oauth", (path) => {
      writeFileSync(path, "{}");
      chmodSync(path, 0o644);
    });
    expect(open).toContain("--oauth: FILE is not used: others may read it (mode 644)");
    const text = await serveWith("--oauth", (path) => writeFileSync(path, "issuer", { mode: 0o600 }));
    expect(text).toContain("FILE is not JSON");
    const issuer = JSON.stringify({ issuer: "http://elsewhere.example" });
    const plain = await serveWith("--oauth", (path) => writeFileSync(path, issuer, { mode: 0o600 }));
    expect(plain).toContain('"oauth.issuer": expected an https URL');
  });

  it("of --tls-key may be behind a link, and is not taken from a file that others may read", async () => {
    const cert = ["--tls-cert", fixture("tls/cert.pem")];
    const open = await serveWith(
      "--tls-key",
      (path) => {
        writeFileSync(`${path}.real`, "a key\n");
        chmodSync(`${path}.real`, 0o644);
        symlinkSync(`${path}.real`, path);
      },
      cert,
    );
    expect(open).toContain("--tls-key: FILE.real is not used: others may read it (mode 644)");
    const wrong = await serveWith("--tls-key", (path) => writeFileSync(path, "a key", { mode: 0o600 }), cert);
    expect(wrong).toContain("expected a certificate and its key as PEM");
    const alone = await serveWith("--tls-key", (path) => writeFileSync(path, "a key", { mode: 0o600 }));
    expect(alone).toContain("--tls-cert and --tls-key: give both");
  });
});
