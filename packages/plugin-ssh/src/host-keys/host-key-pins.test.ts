import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type HostKeyPins, hostKeyPins } from "./host-key-pins.ts";
import { knownHostLine } from "./known-hosts.ts";

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

function pinsHere(): HostKeyPins {
  return hostKeyPins(path, join(directory, "data", "known_hosts.lock"));
}

test("before the first key nothing is pinned or written", async () => {
  expect(await pinsHere().find("a")).toEqual([]);
  expect(readdirSync(directory)).toEqual([]);
});

test("64 first connections from two processes lose no line, and the file is private", async () => {
  const sides = [pinsHere(), pinsHere()];
  const numbers = Array.from({ length: 64 }, (_, index) => index);
  await Promise.all(numbers.map((number) => sides[number % 2]?.add(`10.0.0.${number}`, keyNumber(number))));
  const lines = readFileSync(path, "utf8").trim().split("\n");
  expect(new Set(lines)).toEqual(
    new Set(numbers.map((number) => knownHostLine(`10.0.0.${number}`, keyNumber(number)))),
  );
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(directory, "secrets"))).toEqual(["known_hosts"]);
});

test("a pinned name keeps its pin, and lines of the operator are kept", async () => {
  const pins = pinsHere();
  expect(await pins.add("a", keyNumber(1))).toMatchObject([{ names: "a", key: keyNumber(1) }]);
  writeFileSync(path, `# mine\n${knownHostLine("b", keyNumber(2))}`);
  expect(await pins.add("b", keyNumber(3))).toMatchObject([{ names: "b", key: keyNumber(2) }]);
  await pins.add("a", keyNumber(1));
  expect(readFileSync(path, "utf8")).toBe(
    `# mine\n${knownHostLine("b", keyNumber(2))}\n${knownHostLine("a", keyNumber(1))}\n`,
  );
});

test("a new key replaces the pins of its name only, in any line format", async () => {
  const pins = pinsHere();
  await pins.add("b", keyNumber(3));
  const before = ["a", "a,c", "*"].map((names, index) => knownHostLine(names, keyNumber(index)));
  writeFileSync(path, ["# mine", ...before, `@revoked ${knownHostLine("a", keyNumber(7))}`, ""].join("\n"));
  await pins.replace("a", keyNumber(9));
  expect(readFileSync(path, "utf8").split("\n")).toEqual([
    "# mine",
    knownHostLine("c", keyNumber(1)),
    knownHostLine("*,!a", keyNumber(2)),
    `@revoked ${knownHostLine("a", keyNumber(7))}`,
    knownHostLine("a", keyNumber(9)),
    "",
  ]);
  expect((await pins.find("a")).filter(({ role }) => role === "pinned")).toMatchObject([{ key: keyNumber(9) }]);
});

test("a link to the file stays a link", async () => {
  const real = join(directory, "elsewhere");
  mkdirSync(join(directory, "secrets"));
  writeFileSync(real, "");
  symlinkSync(real, path);
  await pinsHere().add("a", keyNumber(1));
  expect(lstatSync(path).isSymbolicLink()).toBe(true);
  expect(readFileSync(real, "utf8")).toBe(`${knownHostLine("a", keyNumber(1))}\n`);
});
