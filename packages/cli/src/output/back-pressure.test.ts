import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { backPressureOf, MOST_WAITING } from "./back-pressure.ts";

/** A stream whose reader reads nothing until the test starts it. */
function blockedStream() {
  const taken: (() => void)[] = [];
  const stream = new Writable({ write: (_chunk, _encoding, done) => void taken.push(done) });
  const fill = () => stream.write("x".repeat(MOST_WAITING));
  const read = () => {
    for (let done = taken.shift(); done; done = taken.shift()) done();
  };
  return { stream, fill, read };
}

describe("the back-pressure of a stream", () => {
  it("begins at a megabyte, so that a short command never waits for a terminal", () => {
    const { stream } = blockedStream();
    const behind = backPressureOf(stream);
    stream.write("x".repeat(MOST_WAITING - 1));
    expect(behind()).toBeUndefined();
    stream.write("x");
    expect(behind()).toBeInstanceOf(Promise);
  });

  it("ends when the reader has read everything, and can begin again", async () => {
    const { stream, fill, read } = blockedStream();
    const behind = backPressureOf(stream);
    for (let round = 0; round < 2; round += 1) {
      fill();
      const caughtUp = behind();
      expect(caughtUp).toBe(behind());
      read();
      await caughtUp;
      expect(behind()).toBeUndefined();
    }
  });

  it.each(["EPIPE", "ENOSPC"])("ends permanently when the output cannot be written (%s)", async (code) => {
    const { stream, fill } = blockedStream();
    const behind = backPressureOf(stream);
    fill();
    const caughtUp = behind();
    stream.destroy(Object.assign(new Error("gone"), { code }));
    await caughtUp;
    expect(behind()).toBeUndefined();
  });
});
