import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { parseCommand, RSH } from "./rsh.ts";

test("the remote command is parsed after it has arrived completely", () => {
  const output = Buffer.from("3\nrsync\0--server\0a b\0\x01\x02");
  const end = output.length - 2;
  for (let length = 0; length < end; length++) expect(parseCommand(output.subarray(0, length))).toBeUndefined();
  expect(parseCommand(output)).toEqual({ argv: ["rsync", "--server", "a b"], rest: Buffer.from([1, 2]) });
});

test("rsync splits the program into three words without further quoting", () => {
  expect(RSH.match(/'/g)).toHaveLength(2);
  expect(RSH.startsWith("sh -c '")).toBe(true);
});

test("the program drops the host, writes the command, and forwards data until the worker's side ends", () => {
  const program = RSH.slice("sh -c '".length, RSH.lastIndexOf("'"));
  const run = 'printf given | sh -c "$1" maand worker rsync --server "a b" 3</dev/null 4>&1 >/dev/null';
  const output = execFileSync("sh", ["-c", run, "sh", program]);
  expect(output.toString().startsWith("3\nrsync\0--server\0a b\0")).toBe(true);
});
