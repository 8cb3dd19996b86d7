import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseEnvFile } from "./env-file.ts";

const read = (text: string) => Object.fromEntries(parseEnvFile(text).entries);
const problems = (text: string) => parseEnvFile(text).problems.map(({ line, message }) => `${line}: ${message}`);

describe("a .env file", () => {
  it("is read in the same way as by shells and dotenv libraries", () => {
    const text = `# a comment

A=plain-value_1.2:3/4@x+y=z
export B='single $HOME "quotes" # \\n \`x\`'
C="double 'quotes' and # blanks"
PEM='-----BEGIN X-----
AAAA
-----END X-----'
D=é✓`;
    expect(problems(text)).toEqual([]);
    expect(read(text)).toEqual({
      A: "plain-value_1.2:3/4@x+y=z",
      B: 'single $HOME "quotes" # \\n `x`',
      C: "double 'quotes' and # blanks",
      PEM: "-----BEGIN X-----\nAAAA\n-----END X-----",
      D: "é✓",
    });
  });

  it.each([
    ["A=has blanks", "1: the value of A is ambiguous"],
    ["A=x # comment", "1: the value of A is ambiguous"],
    ["A=$HOME", "1: the value of A is ambiguous"],
    ["A=`id`", "1: the value of A is ambiguous"],
    ["A=a\\nb", "1: the value of A is ambiguous"],
    ["A=it's", "1: the value of A is ambiguous"],
    ['A="a\\nb"', "1: the value of A has \\, $ or `"],
    ['A="$(id)"', "1: the value of A has \\, $ or `"],
    ["A='it''s'", "1: something follows the quotes of A"],
    ["A='x' # y", "1: something follows the quotes of A"],
    ["\nA='x\ny", "2: the quotes of A are not closed"],
    ["A=", "1: A has no value"],
    ["A=''", "1: A has no value"],
    ["A = x", "1: is not KEY=value"],
    ["A: x", "1: is not KEY=value"],
    ["A B=x", "1: is not KEY=value"],
    ["A=x\n__proto__=x", "2: has a key that is not letters"],
    ["../a=x", "1: has a key that is not letters"],
    ["A=x\nA=x", "2: A is set twice"],
    ["A='x\ny'\n\nA=z", "4: A is set twice"],
    ["A=x\r\nB=y", "1: has a Windows line ending"],
    ["\uFEFFA=x", "1: begins with a byte order mark"],
  ])("is refused if it is ambiguous: %j", (text, problem) => {
    expect(problems(text)).toEqual([expect.stringContaining(problem)]);
  });

  it("is refused with a message that contains no part of a value", () => {
    const text = "A=sentinel blank\nB=\"sentinel$x\"\nC='sentinel'sentinel\nsentinel sentinel\nD='sentinel";
    expect(problems(text)).toHaveLength(5);
    expect(problems(text).join("\n")).not.toContain("sentinel");
  });

  it("may contain any value in single quotes", () => {
    const value = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !/['\r]/.test(text));
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 5 }), (values) => {
        const text = values.map((one, at) => `KEY_${at}='${one}'\n`).join("");
        expect(problems(text)).toEqual([]);
        expect(Object.values(read(text))).toEqual(values);
      }),
    );
  });
});
