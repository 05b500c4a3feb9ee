import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What programs in a keychain's session begin with. `LIMIT=windows` in their environment: the short entries of Windows. */
const PRELUDE = `
const { AsyncEntry, findCredentials } = await import("@napi-rs/keyring");
const platform = process.platform;
if (process.env.LIMIT === "windows") Object.defineProperty(process, "platform", { value: "win32" });
const { keychainStore } = await import(process.env.DIST + "auth/store/keychain.js");
Object.defineProperty(process, "platform", { value: platform });
const SERVER = "https://mcp.example/mcp";
const directory = process.env.LOCKS;
const credential = (number, refresh_token) => ({
  server: SERVER, issuer: "https://issuer.example", client: "c",
  tokens: { access_token: String(number), token_type: "Bearer", ...(refresh_token && { refresh_token }) }, savedAt: number,
});
const numberOf = (stored) => Number(stored[0]?.tokens?.access_token ?? 0);
const save = (store, ...credentials) => store.update(SERVER, (update) => update.save(credentials));
const raw = (service, account) => new AsyncEntry(service, account, { linux: { store: "secret-service" } });
const accounts = (service) => findCredentials(service).map(({ account }) => account).sort();
// Stdin keeps this program alive, as the store's timers do not; it ends with whoever started it.
process.stdin.on("end", () => process.exit(1)).resume();
const tell = (value) => process.stdout.write(JSON.stringify(value) + "\\n");
`;
const DIST = new URL("../../dist/", import.meta.url).href;
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export type Keychain = Awaited<ReturnType<typeof openKeychain>>;

/** A session of its own with a GNOME keyring that is unlocked, or with none. Needs `dist`; ends with `close`. */
export async function openKeychain(locked = false) {
  const home = mkdtempSync(join(tmpdir(), "holdfast-keychain-"));
  const locks = join(home, "locks");
  mkdirSync(join(home, ".cache"));
  const { DBUS_SESSION_BUS_ADDRESS: _, ...outer } = process.env;
  const env: NodeJS.ProcessEnv = { ...outer, HOME: home, XDG_DATA_HOME: home, DIST, LOCKS: locks };
  const unlock = locked ? "" : "echo | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1 &&";
  const script = `${unlock} echo "$DBUS_SESSION_BUS_ADDRESS" && exec cat`;
  const session = spawn("dbus-run-session", ["--", "sh", "-c", script], {
    env,
    stdio: ["pipe", "pipe", "ignore"],
  });
  const ended = once(session, "exit").then(([code]) => {
    throw new Error(`the keychain's session ended with ${code} before it began`);
  });
  const [address] = await Promise.race([once(session.stdout, "data"), ended]);
  ended.catch(() => {});
  const inside = { ...env, DBUS_SESSION_BUS_ADDRESS: String(address).trim() };

  /** Starts a program in the session; its output so far, one JSON value a line, is in `output`. */
  const start = (code: string, more: NodeJS.ProcessEnv = {}) => {
    const child: ChildProcess = spawn(
      process.execPath,
      ["--input-type=module", "--eval", `${PRELUDE}\n${code}\nprocess.exit(0);`],
      { cwd: ROOT, env: { ...inside, ...more }, stdio: ["pipe", "pipe", "pipe"] },
    );
    let out = "";
    let said = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      out += chunk;
    });
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      said += chunk;
    });
    return {
      ready: once(child.stdout!, "data"),
      go: () => void child.stdin?.write("go\n"),
      kill: () => void child.kill("SIGKILL"),
      end: once(child, "close").then(([code]) => ({
        code: code as number | null,
        said,
        output: out
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line)),
      })),
    };
  };

  return {
    locks,
    start,
    /** Runs a program to its end, and gives what it printed. */
    async run(code: string, more?: NodeJS.ProcessEnv): Promise<unknown[]> {
      const { code: exit, said, output } = await start(code, more).end;
      if (exit !== 0) throw new Error(said);
      return output;
    },
    async close() {
      session.stdin.end();
      if (session.exitCode === null) await once(session, "exit");
      rmSync(home, { recursive: true, force: true });
    },
  };
}
