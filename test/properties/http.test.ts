import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { StreamableHttpTransport } from "../../src/transports/http.js";
import { runsOf } from "../support/runs.js";
import { chanceServer, type Program, program } from "./chance-server.js";

const PROGRAMS = runsOf(1_000);
/** At once: most of a program's time is waiting. */
const WIDTH = 16;
const CALL_MS = 500;
const SEED = Number(process.env["HOLDFAST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

type Server = Awaited<ReturnType<typeof chanceServer>>;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Twice a call's deadline, in small steps: a machine that stands still for long counts as one of them. */
async function late(): Promise<"late"> {
  for (let step = 0; step < 20; step++) await sleep(CALL_MS / 10);
  return "late";
}

/** What is wrong with how one program went; nothing, as a rule. */
async function play(server: Server, name: string, one: Program): Promise<string[]> {
  const { url, done, end } = server.begin(name, one);
  const transport = new StreamableHttpTransport({
    url,
    era: "legacy",
    heartbeat: false,
    forgottenSessionMs: 30,
    closeTimeoutMs: 1_000,
    reconnect: { initial: true, baseMs: 1, capMs: 10 },
  });
  const wrong: string[] = [];
  const session = await transport.connectSession();
  await session.listTools();
  const calls = one.calls.map(async ({ tool, gapMs }, i) => {
    await sleep(gapMs * i);
    const key = `${tool}-${i}`;
    const call = session.callTool({ name: tool, arguments: { key } }, { timeout: CALL_MS }).then(
      ({ content }) => ((content[0] as { text?: string }).text === key ? "ok" : "astray"),
      (error) => String(error.outcome ?? error.code ?? error),
    );
    const seen = await Promise.race([call, late()]);
    return { key, tool, seen };
  });
  for (const { key, tool, seen } of await Promise.all(calls)) {
    const times = done.get(key) ?? 0;
    if (seen === "late" || seen === "astray") wrong.push(`${key}: ${seen}`);
    if (tool === "bump" && times > 1) wrong.push(`${key} was done ${times} times`);
    if (seen === "ok" && times === 0) wrong.push(`${key} was answered and not done`);
    if ((seen === "not-sent" || seen === "rejected") && times > 0)
      wrong.push(`${key} is told as ${seen}, and was done`);
  }
  await transport.close();
  end();
  return wrong;
}

describe("random programs over an HTTP server that answers by chance", () => {
  it(`${PROGRAMS} of them: nothing unsafe is done twice, each call settles in time, and what is told is true`, async () => {
    console.log(`seed ${SEED}; HOLDFAST_SEED=${SEED} plays the same programs`);
    const server = await chanceServer();
    onTestFinished(() => server.stop());
    const programs = fc.sample(program, { seed: SEED, numRuns: PROGRAMS });
    const wrong: string[] = [];
    let next = 0;
    const player = async () => {
      for (let i = next++; i < programs.length && wrong.length < 5; i = next++)
        for (const what of await play(server, `p${i}`, programs[i]!))
          wrong.push(`program ${i}: ${what}\n${JSON.stringify(programs[i])}`);
    };
    await Promise.all(Array.from({ length: WIDTH }, player));
    expect(wrong).toEqual([]);
  }, 7_200_000);
});
