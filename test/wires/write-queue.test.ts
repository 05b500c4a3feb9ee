import { spawn } from "node:child_process";
import { once } from "node:events";
import { Writable } from "node:stream";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { WriteQueue } from "../../src/wires/write-queue.js";
import { settled, until } from "../support/settling.js";

const MIB = 1024 * 1024;
const line = (name: string, length = 10) => `${name}${"x".repeat(length)}\n`;

/** The pipe of a process that reads nothing before it is told to. */
function sleeper() {
  const child = spawn("/bin/sh", ["-c", "read -r go <&3; exec cat"], {
    stdio: ["pipe", "pipe", "inherit", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let read = "";
  child.stdout!.on("data", (chunk) => {
    read += chunk;
  });
  child.stdin!.on("error", () => {});
  return {
    pipe: child.stdin!,
    child,
    wake: () => (child.stdio[3] as Writable).end("go\n"),
    /** Only the first letters of what it read. */
    names: () => read.split("\n").map((text) => text.replace(/x+$/, "")),
  };
}

/** Fills the pipe, so that what comes next waits. */
const fill = (queue: WriteQueue) => void queue.write(line("first", MIB)).catch(() => {});

/** A pipe that takes all at once, and what it was given each time. */
function noting() {
  const writes: string[] = [];
  const pipe = new Writable({
    decodeStrings: false,
    write: (chunk, _encoding, done) => {
      writes.push(String(chunk));
      done();
    },
    writev: (chunks, done) => {
      writes.push(chunks.map(({ chunk }) => String(chunk)).join(""));
      done();
    },
  });
  return { pipe, writes };
}

describe("what is written to a server", () => {
  it("is written at once while the pipe takes it, in order when it takes it later", async () => {
    const { pipe, wake, names } = sleeper();
    const queue = new WriteQueue(pipe, MIB);
    await queue.write(line("zero"), 0);
    const done = vi.fn();
    const large = queue.write(line("first", MIB), 1).then(done);
    const second = queue.write(line("second"), 2).then(done);
    const third = queue.write(line("third")).then(done);
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).not.toHaveBeenCalled();
    expect([0, 1, 2, 3].map((id) => queue.has(id))).toEqual([false, false, true, false]);
    expect(queue.length).toBe(2);
    wake();
    await Promise.all([large, second, third]);
    expect(queue.length).toBe(0);
    await until(() => names().length === 5);
    expect(names()).toEqual(["zero", "first", "second", "third", ""]);
  });

  it("goes to the system at once, as much of it as is written in one turn", async () => {
    const { pipe, writes } = noting();
    const queue = new WriteQueue(pipe, MIB);
    await Promise.all(["a", "b", "c"].map((name) => queue.write(line(name, 0))));
    await settled();
    expect(writes).toEqual(["a\nb\nc\n"]);
    void queue.write("d\n");
    void queue.write("e\n");
    pipe.end();
    await once(pipe, "finish");
    expect(writes).toEqual(["a\nb\nc\n", "d\ne\n"]);
  });

  it("does not wait for others where the turn before wrote one alone", async () => {
    const { pipe, writes } = noting();
    const queue = new WriteQueue(pipe, MIB);
    const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
    void queue.write("a\n");
    expect(writes).toEqual([]);
    await turn();
    void queue.write("b\n");
    expect(writes).toEqual(["a\n", "b\n"]);
    await turn();
    for (const text of ["c\n", "d\n", "e\n"]) void queue.write(text);
    expect(writes.slice(2)).toEqual(["c\n"]);
    await turn();
    expect(writes.slice(2)).toEqual(["c\n", "d\ne\n"]);
    for (const text of ["f\n", "g\n"]) void queue.write(text);
    await turn();
    expect(writes.slice(4)).toEqual(["f\ng\n"]);
  });

  it("can be taken back until then, and is never seen", async () => {
    const { pipe, wake, names } = sleeper();
    const queue = new WriteQueue(pipe, MIB);
    fill(queue);
    const withdrawn = queue.write(line("second"), 2);
    const kept = queue.write(line("third"), "2");
    const why = new Error("its time was over");
    expect(queue.withdraw(2, () => why)).toBe(true);
    expect(queue.withdraw(2, () => why)).toBe(false);
    await expect(withdrawn).rejects.toBe(why);
    wake();
    await kept;
    expect(queue.withdraw("2", () => why)).toBe(false);
    await until(() => names().length === 3);
    expect(names()).toEqual(["first", "third", ""]);
  });

  it("is bounded where it waits, whatever it is made of, but for one that is larger by itself", () => {
    for (const length of [1, 5_000]) {
      const queue = new WriteQueue(sleeper().pipe, 100_000);
      fill(queue);
      let taken = 0;
      for (; !queue.isFull(line("a", length)); taken++) queue.write(line("a", length), taken).catch(() => {});
      expect(taken).toBeLessThanOrEqual(100);
      expect(taken * length).toBeLessThan(100_000);
      queue.withdraw(0, () => new Error("taken back"));
      expect(queue.isFull(line("a", length))).toBe(false);
    }
    const empty = new WriteQueue(sleeper().pipe, 10);
    expect(empty.isFull(line("a", MIB))).toBe(false);
  });

  it("and waits when the pipe is gone is known as not written; what was written is not", async () => {
    const { pipe, child } = sleeper();
    const queue = new WriteQueue(pipe, MIB);
    const written = queue.write(line("first", MIB), 1);
    const waiting = queue.write(line("second"), 2);
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
    const why = new Error("the server is gone");
    queue.end(why);
    queue.end(new Error("again"));
    await written;
    await expect(waiting).rejects.toBe(why);
    await expect(queue.write(line("third"), 3)).rejects.toBe(why);
    expect(queue.length).toBe(0);
  });
});
