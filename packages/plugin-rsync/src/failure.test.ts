import { describe, expect, test } from "vitest";
import { failureOf } from "./failure.ts";

function failed(stderr: string, exit: number | null | "missing" = 23, remoteExit?: number | null) {
  return failureOf({ host: "w1", exit, remoteExit, printed: { stdout: "", stderr } });
}

describe("what rsync says becomes what to do", () => {
  test.each([
    ['rsync: [receiver] write failed on "x": No space left on device (28)', "its disk is full"],
    ['rsync: [receiver] mkstemp "x" failed: Read-only file system (30)', "its disk is read-only"],
    ['rsync: [receiver] mkstemp "x" failed: Permission denied (13)', "permission was denied"],
    ["sudo: a password is required", "sudo there wants more"],
    ['rsync: [sender] change_dir "/t" failed: No such file or directory (2)', "went away"],
    ["protocol version mismatch -- is your shell clean?", "something else talks"],
  ])("%s", (line, means) => {
    const error = failed(line);
    expect(error).toMatchObject({ code: "STAGE_FAILED", worker: "w1", output: [line] });
    expect(error.message).toContain(means);
    expect(error.hint).toBeTruthy();
  });

  test("anything else is said with its exit code, ours or the worker's", () => {
    expect(failed("odd", 11).message).toContain("exit code 11");
    expect(failed("odd", 0, 23)).toMatchObject({ exit: 23 });
    expect(failed("odd", null, undefined).message).toContain("a signal");
  });
});

test("a missing rsync, here and there, and a closed connection have codes of their own", () => {
  expect(failed("", "missing", undefined)).toMatchObject({ code: "WORKER_LACKS", worker: undefined });
  expect(failed("sh: rsync: not found", 12, 127)).toMatchObject({ code: "WORKER_LACKS", worker: "w1" });
  expect(failed("", 12, null)).toMatchObject({ code: "DISCONNECTED", worker: "w1" });
});
