import { defineConfig, mergeConfig } from "vitest/config";
import base from "./vitest.config.js";

/** The lifecycle properties with 100,000 cases, half of them under the adversarial clock. */
export default mergeConfig(base, defineConfig({ test: { env: { HOLDFAST_RUNS: "10" } } }));
