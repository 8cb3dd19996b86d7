import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { MaandError, type Problem } from "@maand/core";
import { expect, it } from "vitest";
import { printError } from "./error.ts";
import { styleFor } from "./style.ts";

const A: Problem = { level: "error", code: "a", where: "10.0.0.1", message: "is behind", hint: "deploy first" };
const B: Problem = { ...A, where: "10.0.0.2", message: "lost its files", hint: "deploy first, which brings them" };

async function output(problems: readonly Problem[], hint: string): Promise<string> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const message = problems.map((problem) => `${problem.where}: ${problem.message}`).join("; ");
  const error = new MaandError({ code: "OUT_OF_SYNC", message, hint, problems });
  printError(error, { json: false, stdout, stderr, style: styleFor({}, {}, true) });
  stderr.end();
  return text(stderr);
}

it("an error with one problem is printed with its hint once", async () => {
  expect(await output([A], "nothing was run; deploy first")).toBe(
    "maand: 10.0.0.1: is behind\n  hint: nothing was run; deploy first\n",
  );
});

it("several problems are printed as a list, followed by the hint for all of them", async () => {
  expect(await output([A, B], "nothing was run; deploy first")).toBe(
    [
      "maand: 2 problems",
      "  error 10.0.0.1: is behind",
      "  error 10.0.0.2: lost its files",
      "        deploy first, which brings them",
      "  hint: nothing was run; deploy first",
      "",
    ].join("\n"),
  );
});

it("control characters are escaped in every part of a problem", async () => {
  const evil = "\u001b[31mx\u0007\u009b";
  const problem: Problem = { level: "error", code: "a", where: `f: ${evil}`, message: evil, hint: evil };
  const printed = (await output([problem], evil)) + (await output([problem, { ...problem, message: "b" }], evil));
  expect(printed.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  expect(printed).toContain("\\x1b[31mx\\x07");
});

it.each([
  [new MaandError({ code: "UNREACHABLE", message: "cannot reach it" }), "  more: maand explain UNREACHABLE\n"],
  [
    new MaandError({ code: "PROBLEMS", message: "f: is behind", problems: [{ ...A, code: "unknown_name" }] }),
    "unknown_name\n",
  ],
])("an error names the page that explains its code only on a terminal", async (error, last) => {
  for (const isTTY of [true, false]) {
    const [stdout, stderr] = [new PassThrough(), Object.assign(new PassThrough(), { isTTY })];
    printError(error, { json: false, stdout, stderr, style: styleFor({}, {}, true) });
    stderr.end();
    expect((await text(stderr)).endsWith(last)).toBe(isTTY);
  }
});

it.each(["USAGE", "acme/NO_TOKEN"] as const)("an error with the code %s names no page", async (code) => {
  const [stdout, stderr] = [new PassThrough(), Object.assign(new PassThrough(), { isTTY: true })];
  printError(new MaandError({ code, message: "no" }), { json: false, stdout, stderr, style: styleFor({}, {}, true) });
  stderr.end();
  expect(await text(stderr)).toBe("maand: no\n");
});
