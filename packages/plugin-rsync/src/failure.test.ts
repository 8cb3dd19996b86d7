import { fakeRemote } from "@maand/core/testing";
import { describe, expect, test } from "vitest";
import { failureOf, type SyncEnd, syncFailure } from "./failure.ts";

function end(stderr: string, exit: SyncEnd["exit"] = 23, remoteExit?: number | null): SyncEnd {
  return { exit, remoteExit, printed: { stdout: "", stderr } };
}

describe("a failed sync", () => {
  test.each([
    ['rsync: [receiver] mkstemp "x" failed: Permission denied (13)', "permission was denied", "set use_sudo = true"],
    ["sudo: a password is required", "sudo there needs a password", "without a password"],
    [
      'rsync: [sender] change_dir "/t" failed: No such file or directory (2)',
      "deleted during the sync",
      "run maand deploy again",
    ],
    ["protocol version mismatch -- is your shell clean?", "another program writes", "login script"],
  ])("is reported with its cause and a hint: %s", (line, means, hint) => {
    const error = failureOf("w1", end(line));
    expect(error).toMatchObject({ code: "STAGE_FAILED", worker: "w1", output: [line] });
    expect(error.message).toContain(means);
    expect(error.hint).toContain(hint);
  });

  test("is reported with its exit code if the cause is unknown, whether rsync failed locally or on the worker", () => {
    expect(failureOf("w1", end("odd", 11)).message).toContain("rsync exited with code 11");
    expect(failureOf("w1", end("odd", 0, 23))).toMatchObject({ exit: 23 });
    expect(failureOf("w1", end("odd", null, undefined)).message).toContain("a signal");
  });
});

describe("a file system that cannot be written is reported with its worker", () => {
  test.each([
    ['rsync: [receiver] write failed on "/opt/w/b/x": No space left on device (28)', "/opt/w/b/x", "is full"],
    [
      'rsync: [receiver] mkstemp "/opt/w/b/.x" failed: Read-only file system (30)',
      "/opt/w/b/.x",
      "is mounted read-only",
    ],
    ["mkdir: cannot create directory \u2018/opt/w\u2019: Read-only file system", "/opt/w", "is mounted read-only"],
    ['rsync: close failed on "x": Disk quota exceeded (122)', "/opt/worker/bucket", "has exceeded the user's quota"],
  ])("and its mount point: %s", async (line, path, means) => {
    const stdout = "Filesystem\ntmpfs 1024 1024 0 100% /opt/w\n";
    const remote = fakeRemote({ host: "w1", answers: ({ argv }) => (argv.at(-1) === path ? { stdout } : { code: 1 }) });
    expect(await syncFailure(remote, end(line))).toMatchObject({
      code: "STAGE_FAILED",
      worker: "w1",
      message: `files cannot be synced to w1: its file system /opt/w (tmpfs) ${means}`,
      output: [line],
    });
  });

  test("and a path if the worker does not report the mount point", async () => {
    const remote = fakeRemote({ host: "w1", answers: () => ({ code: 1 }) });
    const { message } = await syncFailure(remote, end("No space left on device"));
    expect(message).toBe("files cannot be synced to w1: its file system at /opt/worker/bucket is full");
  });
});

test("a missing rsync on either side and a closed connection have their own codes", async () => {
  const remote = fakeRemote({ host: "w1" });
  expect(await syncFailure(remote, end("", "missing"))).toMatchObject({ code: "WORKER_LACKS", worker: undefined });
  expect(await syncFailure(remote, end("sh: rsync: not found", 12, 127))).toMatchObject({
    code: "WORKER_LACKS",
    worker: "w1",
  });
  expect(await syncFailure(remote, end("No space left on device", 12, null))).toMatchObject({ code: "DISCONNECTED" });
});
