import { expect, it } from "vitest";
import { EraMemory } from "../../src/connection/era.js";
import { DEFAULTS } from "../../src/contract/options.js";
import { ManualClock } from "../support/manual-clock.js";

it("a server is taken for legacy for an hour, and then asked again", () => {
  const clock = new ManualClock();
  const memory = new EraMemory(clock);
  expect(memory.isLegacy()).toBe(false);
  memory.remember("legacy");
  expect(memory.isLegacy()).toBe(true);
  clock.advance(DEFAULTS.eraMemoryMs - 1);
  expect(memory.isLegacy()).toBe(true);
  // To hear it again does not make it true for longer: it is not what was asked.
  memory.remember("legacy");
  clock.advance(1);
  expect(memory.isLegacy()).toBe(false);
  memory.remember("legacy");
  expect(memory.isLegacy()).toBe(true);
});

it("a server that turned modern is legacy no more", () => {
  const memory = new EraMemory(new ManualClock());
  memory.remember("modern");
  expect(memory.isLegacy()).toBe(false);
  memory.remember("legacy");
  memory.remember("modern");
  expect(memory.isLegacy()).toBe(false);
});
