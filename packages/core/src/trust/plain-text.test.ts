import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { aBucket } from "../testing/index.ts";
import { filePieces } from "../workspace/file-pieces.ts";
import { readPlain, textOrReason } from "./plain-text.ts";

/**
 * These tests check that anything except a plain file is reported, and that no read waits for a pipe without a writer.
 */

let place: string;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "maand-plain-"));
});

afterEach(() => rmSync(place, { recursive: true }));

const KINDS: readonly (readonly [string, (path: string) => unknown, string])[] = [
  ["a pipe", (path) => execFileSync("mkfifo", [path]), "is not a file"],
  ["a directory", (path) => mkdirSync(path), "is not a file"],
  ["a device", (path) => symlinkSync("/dev/zero", path), "is not a file"],
  ["a link to a missing file", (path) => symlinkSync("nowhere", path), "is a link to a missing file"],
  ["a link to itself", (path) => symlinkSync("it", path), "is a link to a missing file"],
  ["text in another encoding", (path) => writeFileSync(path, Buffer.from("a\u00e4", "latin1")), "is not UTF-8 text"],
];

describe.each(KINDS)("%s", (name, make, message) => {
  it("is reported as a problem", () => {
    make(join(place, "it"));
    expect(textOrReason(join(place, "it"))).toMatchObject({ message });
  });

  it("makes a build fail if it is in place of maand.conf", async () => {
    const bucket = aBucket();
    rmSync(join(bucket.root, "maand.conf"));
    if (message === "is a link to a missing file") symlinkSync("nowhere", join(bucket.root, "maand.conf"));
    else make(join(bucket.root, "maand.conf"));
    const problem = { code: "PROBLEMS", problems: [{ where: "maand.conf", message }] };
    const foreign = { code: "BUCKET_NOT_TRUSTED" }; // other users can write to a device
    await expect(bucket.build()).rejects.toMatchObject(name === "a device" ? foreign : problem);
    bucket.dispose();
  });
});

it("a pipe, a directory and a device are not read", () => {
  for (const [name, make] of KINDS.slice(0, 3)) {
    const path = join(place, name);
    make(path);
    expect(() => readPlain(path)).toThrow("is not a file");
    expect(() => [...filePieces(path)]).toThrow("is not a file");
  }
});

it("a byte order mark is not part of a text", () => {
  writeFileSync(join(place, "it"), "\uFEFFa = 1\r\n");
  expect(textOrReason(join(place, "it"))).toBe("a = 1\r\n");
});
