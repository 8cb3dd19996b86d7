import { expect, it } from "vitest";
import { fakeRemote } from "../../testing/fake-remote.ts";
import { fileSystemFailure, fileSystemOf } from "./file-system.ts";

it.each([
  ['rsync: [receiver] write failed on "x": No space left on device (28)', "is full"],
  ["ENOSPC: no space left on device, copyfile 'a' -> 'b'", "is full"],
  ["mkdir: cannot create directory '/x': Read-only file system", "is mounted read-only"],
  ["EROFS: read-only file system, open 'x'", "is mounted read-only"],
  ['rsync: close failed on "x": Disk quota exceeded (122)', "has exceeded the user's quota"],
  ["Permission denied (13)", undefined],
])("fileSystemFailure recognizes only known messages: %s", (text, failure) => {
  expect(fileSystemFailure(text)).toBe(failure);
});

it.each([
  ["tmpfs 1024 1024 0 100% /opt/worker", "/opt/worker (tmpfs)"],
  ["/dev/mapper/a b 10 20 -10 100% /srv/my data", "/srv/my data (/dev/mapper/a b)"],
  ["df: no such file", undefined],
])("fileSystemOf reads the mount point from the output of df: %s", async (line, mount) => {
  const stdout = `Filesystem 1024-blocks Used Available Capacity Mounted on\n${line}\n`;
  expect(await fileSystemOf(fakeRemote({ answers: () => ({ stdout }) }), "/opt/worker/x", {})).toBe(mount);
});
