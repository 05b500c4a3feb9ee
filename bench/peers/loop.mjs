// What every peer does: one good call, then on a line from stdin calls until one is good again.
import { once } from "node:events";
import { createInterface } from "node:readline";

const LIMIT_MS = 15_000;

/** `call` makes one call and throws where it was not answered well. */
export async function run(connect) {
  const { call, close } = await connect(JSON.parse(process.argv[2])).catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
  // Some peers throw into the void when their server dies.
  process.on("uncaughtException", () => {});
  process.on("unhandledRejection", () => {});
  await call();
  const lines = createInterface({ input: process.stdin });
  console.log("ready");
  await once(lines, "line");
  const startedAt = performance.now();
  let failed = 0;
  let good = false;
  while (!good && performance.now() - startedAt < LIMIT_MS) {
    good = await Promise.race([
      call().then(
        () => true,
        () => false,
      ),
      new Promise((resolve) => setTimeout(resolve, 3_000, false)),
    ]);
    if (good) break;
    failed++;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  console.log(JSON.stringify({ ms: good ? performance.now() - startedAt : null, failed }));
  lines.close();
  await Promise.race([close?.().catch(() => {}), new Promise((resolve) => setTimeout(resolve, 500))]);
  process.exit(0);
}
