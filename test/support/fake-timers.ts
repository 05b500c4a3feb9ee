import { afterEach, beforeEach, vi } from "vitest";

/** For each test of a file: time passes where the test says, and a wait before an attempt is as long as it may be. */
export function withFakeTimers() {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    vi.spyOn(Math, "random").mockReturnValue(0.999_999);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
}
