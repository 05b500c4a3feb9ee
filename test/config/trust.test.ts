import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Place } from "../../src/config/clients.js";
import { clientConfig } from "../../src/config/known.js";
import { readFound, TrustedFiles } from "../../src/config/trust.js";

function folder(): string {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-trust-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const asRoot = it.skipIf(process.getuid?.() !== 0);

describe("a project's config", () => {
  const projectOf = (text: string) => {
    const home = folder();
    const place: Place = { home, cwd: join(home, "project"), platform: "linux", env: {} };
    const path = join(place.cwd, ".mcp.json");
    mkdirSync(place.cwd);
    writeFileSync(path, text);
    return { place, path };
  };
  const text = '{"mcpServers":{"a":{"command":"${HOLDFAST_NOBODY_SETS_THIS}"},"b":{"command":"b"}}}';
  const never = () => false;

  it("is refused until somebody trusts it, before a variable of it is looked up", () => {
    const { place, path } = projectOf(text);
    expect(() => clientConfig("claude-code", "a", never, place)).toThrow(
      `claude-code: ${path} comes with the project and is not trusted; read it, then repeat the command with --trust`,
    );
    expect(() => clientConfig("claude-code", "a", () => true, place)).toThrow(
      /HOLDFAST_NOBODY_SETS_THIS is not set/,
    );
  });

  it("hides no server of the user's own, which nobody has to trust", () => {
    const { place } = projectOf(text);
    writeFileSync(
      join(place.home, ".claude.json"),
      '{"mcpServers":{"mine":{"command":"m"},"b":{"command":"m"}}}',
    );
    expect(clientConfig("claude-code", "mine", never, place).servers).toEqual({ mine: { command: "m" } });
    // The nearer one would win.
    expect(() => clientConfig("claude-code", "b", never, place)).toThrow(/is not trusted/);
  });
});

describe("a file that a search comes upon", () => {
  it("is read where it is the user's", () => {
    const directory = folder();
    const path = join(directory, "a");
    writeFileSync(path, "\uFEFFtext");
    symlinkSync(path, join(directory, "link"));
    expect(readFound(path)).toEqual({ path, text: "text" });
    expect(readFound(join(directory, "link"))?.text).toBe("text");
    expect(readFound(join(directory, "none"))).toBeUndefined();
    expect(readFound(join(path, "none"))).toBeUndefined();
  });

  it("is refused where others may write to it", () => {
    const path = join(folder(), "a file");
    writeFileSync(path, "text");
    chmodSync(path, 0o666);
    expect(() => readFound(path)).toThrow(
      `${path} was found by search and is not used: others may write to it (mode 666); to change that: chmod go-w '${path}'`,
    );
    chmodSync(path, 0o664);
    expect(readFound(path)?.text).toBe("text");
  });

  asRoot("is refused where it is another user's, or another group may write to it", () => {
    const path = join(folder(), "a");
    writeFileSync(path, "text");
    chownSync(path, 65_534, 0);
    expect(() => readFound(path)).toThrow(
      `it belongs to another user (uid 65534); if it should be yours: chown 0 ${path}`,
    );
    chownSync(path, 0, 65_534);
    expect(readFound(path)?.text).toBe("text");
    chmodSync(path, 0o664);
    expect(() => readFound(path)).toThrow(/others may write to it \(mode 664\)/);
  });

  it("is no folder, and no device", () => {
    expect(() => readFound("/dev/null")).toThrow(/is not a file/);
    expect(() => readFound(folder())).toThrow(/is not a file/);
  });
});

describe("the files that somebody trusts", () => {
  const file = { path: "/project/.mcp.json", text: "{}" };

  it("are known by path and content, also to the next program", () => {
    const directory = join(folder(), "new", "trusted");
    const trusted = new TrustedFiles(directory);
    expect(trusted.has(file)).toBe(false);
    trusted.add(file);
    trusted.add(file);
    expect(new TrustedFiles(directory).has(file)).toBe(true);
    expect(trusted.has({ ...file, text: "{ }" })).toBe(false);
    expect(trusted.has({ ...file, path: "/elsewhere/.mcp.json" })).toBe(false);
  });

  it("are not believed where others could have added to them", () => {
    const directory = join(folder(), "trusted");
    const trusted = new TrustedFiles(directory);
    trusted.add(file);
    chmodSync(directory, 0o777);
    expect(() => trusted.has(file)).toThrow(
      /holds what you trust, and is not used: others may write to it.*chmod go-w/,
    );
    expect(() => trusted.add(file)).toThrow(/others may write to it/);
    const link = join(folder(), "link");
    chmodSync(directory, 0o700);
    symlinkSync(directory, link);
    expect(() => new TrustedFiles(link).has(file)).toThrow(/is not a folder/);
  });

  it("cannot be kept where there is no room", () => {
    const path = join(folder(), "file");
    writeFileSync(path, "");
    expect(() => new TrustedFiles(path).add(file)).toThrow(/cannot be written: /);
    expect(() => new TrustedFiles(join(path, "x")).add(file)).toThrow(/cannot be written: /);
  });
});
