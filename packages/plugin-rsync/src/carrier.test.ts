import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { RSH, readWanted } from "./carrier.ts";

test("what the program says first is read once all of it is there", () => {
  const said = Buffer.from("3\nrsync\0--server\0a b\0\x01\x02");
  const end = said.length - 2;
  for (let length = 0; length < end; length++) expect(readWanted(said.subarray(0, length))).toBeUndefined();
  expect(readWanted(said)).toEqual({ argv: ["rsync", "--server", "a b"], rest: Buffer.from([1, 2]) });
});

test("rsync takes the program apart into three words: nothing in it needs more quoting", () => {
  expect(RSH.match(/'/g)).toHaveLength(2);
  expect(RSH.startsWith("sh -c '")).toBe(true);
});

test("the program drops the host, says the command, carries both ways and ends with the worker's side", () => {
  const program = RSH.slice("sh -c '".length, RSH.lastIndexOf("'"));
  const run = 'printf given | sh -c "$1" maand worker rsync --server "a b" 3</dev/null 4>&1 >/dev/null';
  const said = execFileSync("sh", ["-c", run, "sh", program]);
  expect(said.toString().startsWith("3\nrsync\0--server\0a b\0")).toBe(true);
});
