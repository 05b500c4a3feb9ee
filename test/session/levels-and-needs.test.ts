import type { LoggingLevel } from "@modelcontextprotocol/client";
import { describe, expect, it } from "vitest";
import { ANY_RESULT } from "../../src/contract/any-result.js";
import { missingCapability } from "../../src/session/capabilities.js";
import { isWanted, mostVerbose } from "../../src/session/log-levels.js";

const LEVELS: LoggingLevel[] = [
  "debug",
  "info",
  "notice",
  "warning",
  "error",
  "critical",
  "alert",
  "emergency",
];

describe("a level of the log", () => {
  it.each(LEVELS)("%s wants itself and what is worse", (asked) => {
    expect(LEVELS.filter((level) => isWanted(level, asked))).toEqual(LEVELS.slice(LEVELS.indexOf(asked)));
  });

  it("that nobody named wants all", () => {
    expect(LEVELS.every((level) => isWanted(level, undefined))).toBe(true);
  });

  it.each<[LoggingLevel | undefined, (LoggingLevel | undefined)[]]>([
    [undefined, []],
    [undefined, [undefined]],
    ["error", ["error"]],
    ["debug", ["error", "debug", undefined, "info"]],
    ["alert", ["emergency", "alert"]],
  ])("%s serves all who asked: %j", (level, asked) => {
    expect(mostVerbose(asked)).toBe(level);
  });
});

describe("the schema of anything", () => {
  it("takes it as it is", () => {
    const { version, vendor, validate } = ANY_RESULT["~standard"];
    expect({ version, vendor }).toEqual({ version: 1, vendor: "holdfast" });
    const value = { any: [1] };
    expect(validate(value)).toEqual({ value });
  });
});

describe("a method", () => {
  it.each([
    ["tools/call", "tools"],
    ["tools/list", "tools"],
    ["prompts/get", "prompts"],
    ["prompts/list", "prompts"],
    ["resources/list", "resources"],
    ["resources/templates/list", "resources"],
    ["resources/read", "resources"],
    ["resources/subscribe", "resources"],
    ["resources/unsubscribe", "resources"],
    ["completion/complete", "completions"],
  ])("%s needs the capability %s", (method, capability) => {
    expect(missingCapability({}, method)).toBe(capability);
    expect(missingCapability(undefined, method)).toBe(capability);
    expect(missingCapability({ [capability]: {} }, method)).toBeUndefined();
  });

  it("that is not one of those needs none", () => {
    expect(missingCapability({}, "ping")).toBeUndefined();
    expect(missingCapability(undefined, "custom/method")).toBeUndefined();
  });
});
