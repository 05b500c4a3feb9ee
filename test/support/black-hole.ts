import { onTestFinished } from "vitest";
import { swallowingProxy } from "../../bench/swallowing-proxy.mjs";

/** The middlebox of the benchmarks in front of the server at this address, for the time of one test. */
export async function blackHole(url: string) {
  const proxy = await swallowingProxy(Number(new URL(url).port));
  onTestFinished(() => proxy.close());
  const passed = new URL(url);
  passed.port = String(proxy.port);
  return Object.assign(proxy, { url: passed.href });
}
