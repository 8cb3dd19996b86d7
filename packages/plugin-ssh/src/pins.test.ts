import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { knownHostLine } from "./known-hosts.ts";
import { pinBoard } from "./pins.ts";

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "pins-"));
  path = join(directory, "secrets", "known_hosts");
});
afterEach(() => rmSync(directory, { recursive: true }));

function keyNumber(number: number) {
  const type = "ssh-ed25519";
  const blob = Buffer.concat([Buffer.from([0, 0, 0, type.length]), Buffer.from(type), Buffer.from([number])]);
  return { type, blob };
}

test("nothing is pinned, and nothing written, before the first key", async () => {
  expect(await pinBoard(path).find("a")).toEqual([]);
  expect(readdirSync(directory)).toEqual([]);
});

test("sixty-four first uses at once, from two boards, lose no line; the file is private", async () => {
  const boards = [pinBoard(path), pinBoard(path)];
  const numbers = Array.from({ length: 64 }, (_, index) => index);
  await Promise.all(numbers.map((number) => boards[number % 2]?.add(`10.0.0.${number}`, keyNumber(number))));
  const lines = readFileSync(path, "utf8").trim().split("\n");
  expect(new Set(lines)).toEqual(
    new Set(numbers.map((number) => knownHostLine(`10.0.0.${number}`, keyNumber(number)))),
  );
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(directory, "secrets"))).toEqual(["known_hosts"]);
});

test("a key that is pinned already is not pinned twice; what a person wrote stays", async () => {
  const board = pinBoard(path);
  await board.add("a", keyNumber(1));
  writeFileSync(path, `# mine\n${knownHostLine("b", keyNumber(2))}`);
  await board.add("b", keyNumber(2));
  await board.add("a", keyNumber(1));
  expect(readFileSync(path, "utf8")).toBe(
    `# mine\n${knownHostLine("b", keyNumber(2))}\n${knownHostLine("a", keyNumber(1))}\n`,
  );
});

test("removing takes the lines of that name alone", async () => {
  const board = pinBoard(path);
  for (const number of [1, 2]) await board.add("a", keyNumber(number));
  await board.add("b", keyNumber(3));
  writeFileSync(path, `${readFileSync(path, "utf8")}${knownHostLine("a,c", keyNumber(4))}\n`);
  expect(await board.remove("a")).toBe(2);
  expect(await board.remove("a")).toBe(0);
  expect((await board.find("a")).map(({ names }) => names)).toEqual(["a,c"]);
  expect(await board.find("b")).toHaveLength(1);
});
