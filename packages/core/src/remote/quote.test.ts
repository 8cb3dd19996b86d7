import { execFileSync, spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loginShellLine, quote, titleOf } from "./quote.ts";
import { secret } from "./secret.ts";

const NASTY = ["", " ", "'", '"', "$HOME", "`id`", "$(id)", "\\", "\\n", "x\\", "*", "~", "!!", "a!b", "\\!", "!'\\"];
const ODD_WORDS = [
  "#x",
  "-n",
  "%s",
  "%self",
  "=ls",
  "a=b",
  ";true",
  "{a,b}",
  "^x^y",
  "''",
  "a'b'c",
  "[ ! -e x ]",
  "@x",
];
const BEYOND_ASCII = ["a\nb", "\n", "a\n\n", "\t", "\r\n", "\x1b[0m", "\x7f", "ü→😀", "a\\\n!'ü"];
const PRINT = ["sh", "-c", 'for a; do printf "%s\\0" "$a"; done', "sh"];

const SHELLS: readonly (readonly string[])[] = [
  ["sh"],
  ["bash"],
  ["dash"],
  ["zsh"],
  ["zsh", "-o", "rcquotes"],
  ["ksh"],
  ["tcsh"],
  ["csh"],
  ["fish"],
  ["busybox", "sh"],
];

const isInstalled = ([program = ""]: readonly string[]) => spawnSync(program, ["-c", "true"]).error === undefined;

describe.each(SHELLS.map((shell) => [shell.join(" "), shell] as const))(
  "a command line for the login shell %s",
  (_, shell) => {
    const [program = "", ...options] = shell;
    const wordsSeen = (words: readonly string[]) => {
      const printed = execFileSync(program, [...options, "-c", loginShellLine([...PRINT, ...words])]);
      return printed.toString().split("\0").slice(0, -1);
    };

    test.skipIf(!isInstalled(shell)).each([
      ["characters that are special in shells", NASTY],
      ["words that shells expand", ODD_WORDS],
      ["line breaks, control codes and non-ASCII characters", BEYOND_ASCII],
      ["all of these arguments together", [...NASTY, ...ODD_WORDS, ...BEYOND_ASCII]],
      ["a long word", ["ab c!'\\".repeat(8_000)]],
    ])("preserves %s", (_, words) => {
      expect(wordsSeen(words)).toEqual(words);
    });
  },
);

test("a login shell preserves any arguments", () => {
  const words = fc.array(
    fc.string({ unit: "binary" }).filter((word) => !word.includes("\0") && Buffer.from(word).toString() === word),
  );
  fc.assert(
    fc.property(words, (given) => {
      const printed = execFileSync("sh", ["-c", loginShellLine([...PRINT, ...given])]);
      expect(printed.toString().split("\0").slice(0, -1)).toEqual(given);
    }),
    { numRuns: 20 },
  );
});

test("an argument with a NUL byte is refused", () => {
  for (const line of [() => quote("a\0b"), () => loginShellLine(["a\0b"])]) expect(line).toThrow(TypeError);
});

test("a message names a command by its title or else by its arguments, with secrets masked", () => {
  const argv = ["make", "-C", "a b", secret("hunter2")];
  expect(titleOf(argv, { title: "the build" })).toBe("the build");
  expect(titleOf(argv)).toBe("make -C 'a b' '••••••'");
});
