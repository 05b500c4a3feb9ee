import dns from "node:dns";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { isLinkLocal, isThisMachine, leadsToThisMachine } from "../../src/base/this-machine.js";

/** A host as a URL writes it. */
const hostOf = (host: string) => new URL(`http://${host}/`).hostname;

const HERE = [
  "127.0.0.1",
  "127.255.255.254",
  "127.1",
  "2130706433",
  "0x7f.0.0.1",
  "0177.0.0.1",
  "0.0.0.0",
  "0",
  "localhost",
  "LOCALHOST",
  "localhost.",
  "a.b.localhost",
  "[::1]",
  "[::]",
  "[0:0:0:0:0:0:0:1]",
  "[::ffff:127.0.0.1]",
  "[::ffff:0.0.0.0]",
  "[::ffff:7f12:1]",
  "[::127.0.0.1]",
  "[64:ff9b::127.0.0.1]",
  "１２７.0.0.1",
];
const LINK_LOCAL = [
  "169.254.169.254",
  "0xa9fea9fe",
  "2852039166",
  "[::ffff:169.254.169.254]",
  "[64:ff9b::169.254.169.254]",
  "[fe80::1]",
  "[febf::1]",
  "[fd00:ec2::254]",
];
const ELSEWHERE = [
  "128.0.0.1",
  "1.127.0.1",
  "169.253.0.1",
  "192.168.0.1",
  "localhost.example",
  "notlocalhost",
  "127.0.0.1.example",
  "fe80.example",
  "[::2]",
  "[fec0::1]",
  "[2001:db8::7f00:1]",
];

describe("a host", () => {
  it.each(HERE)("%s is this machine", (host) => {
    expect([isThisMachine(hostOf(host)), isLinkLocal(hostOf(host))]).toEqual([true, false]);
    expect(leadsToThisMachine(hostOf(host))).toBe(true);
  });

  it.each(LINK_LOCAL)("%s is link-local", (host) => {
    expect([isThisMachine(hostOf(host)), isLinkLocal(hostOf(host))]).toEqual([false, true]);
  });

  it.each(ELSEWHERE)("%s is neither", (host) => {
    expect([isThisMachine(hostOf(host)), isLinkLocal(hostOf(host))]).toEqual([false, false]);
  });

  it("is told without brackets, and with the zone that the system adds", () => {
    expect(isThisMachine("::1")).toBe(true);
    expect(isLinkLocal("fe80::1%eth0")).toBe(true);
  });
});

describe("a name", () => {
  const resolving = (...answer: [Error | null, { address: string }[]?] | []) => {
    const spy = vi
      .spyOn(dns, "lookup")
      .mockImplementation(
        ((_name: string, _options: object, done: (...answer: unknown[]) => void) =>
          answer.length > 0 && done(...answer)) as never,
      );
    onTestFinished(() => spy.mockRestore());
    return spy;
  };

  it.each([
    [["127.0.0.1"], true],
    [["192.0.2.1", "::1"], true],
    [["192.0.2.1", "2001:db8::1"], false],
    [[], false],
  ])("of %j leads to this machine: %s", async (addresses, leads) => {
    resolving(
      null,
      addresses.map((address) => ({ address })),
    );
    expect(await leadsToThisMachine("name.test")).toBe(leads);
  });

  it("that nobody knows leads elsewhere, and so does one that nobody finds in a second", async () => {
    resolving(new Error("ENOTFOUND"));
    expect(await leadsToThisMachine("name.test")).toBe(false);
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    resolving();
    const leads = leadsToThisMachine("name.test");
    vi.advanceTimersByTime(1_000);
    expect(await leads).toBe(false);
  });

  it("is not looked up where it is an address", async () => {
    const lookup = resolving(null, [{ address: "127.0.0.1" }]);
    expect(await leadsToThisMachine("192.0.2.1")).toBe(false);
    expect(await leadsToThisMachine("[2001:db8::1]")).toBe(false);
    expect(lookup).not.toHaveBeenCalled();
  });
});
