import { describe, expect, test } from "vitest";
import { complaint, render } from "../render.test.support.ts";

function gives(rows: readonly (readonly [literal: string, want: string])[]): void {
  for (const [literal, want] of rows)
    test(`${literal} gives ${want}`, () => expect(render(`{{${literal}}}`)).toBe(want));
}

function refused(rows: readonly (readonly [literal: string, why: string])[]): void {
  for (const [literal, why] of rows)
    test(`${literal} fails: ${why}`, () => expect(complaint(`{{${literal}}}`)).toBe(why));
}

describe("ints of every base", () => {
  gives([
    ["0", "0"],
    ["-0", "0"],
    ["+5", "5"],
    ["017", "15"],
    ["0_7", "7"],
    ["0O17", "15"],
    ["0x_1F", "31"],
    ["0XaB", "171"],
    ["0b1_01", "5"],
    ["1_000_000", "1000000"],
    ["0x1e1", "481"],
    ["-0x1e", "-30"],
    ["9007199254740993", "9007199254740993"],
    ["0x7fffffffffffffff", "9223372036854775807"],
    ["-9223372036854775808", "-9223372036854775808"],
  ]);
  refused([
    ["9223372036854775808", "exec: 9223372036854775808 overflows int"],
    ["18446744073709551615", "exec: 18446744073709551615 overflows int"],
    ["18446744073709551616", 'parse: integer overflow: "18446744073709551616"'],
    ["-9223372036854775809", 'parse: integer overflow: "-9223372036854775809"'],
    ["08", 'parse: integer overflow: "08"'],
    ["1__0", 'parse: illegal number syntax: "1__0"'],
    ["1_", 'parse: illegal number syntax: "1_"'],
    ["0x", 'parse: illegal number syntax: "0x"'],
    ["0b12", 'parse: bad number syntax: "0b12"'],
    ["0o8", 'parse: bad number syntax: "0o8"'],
    ["12ab", 'parse: bad number syntax: "12a"'],
    ["-", 'parse: illegal number syntax: "-"'],
    ["+", 'parse: illegal number syntax: "+"'],
    ["1+2", 'parse: bad number syntax: "1+2"'],
    ["1 + 2", 'parse: illegal number syntax: "+"'],
  ]);
});

describe("floats", () => {
  gives([
    [".5", "0.5"],
    ["1.", "1"],
    ["1e3", "1000"],
    ["1E+6", "1e+06"],
    ["1_0.2_5", "10.25"],
    ["-0.0", "-0"],
    ["09.5", "9.5"],
    ["0x1p4", "16"],
    ["0x1.8p1", "3"],
    ["0X.8p-1", "0.25"],
    ["1e-400", "0"],
    ["1e-7", "1e-07"],
  ]);
  refused([
    ["1e400", 'parse: illegal number syntax: "1e400"'],
    ["0x1p99999", 'parse: illegal number syntax: "0x1p99999"'],
    ["0x1.8", 'parse: illegal number syntax: "0x1.8"'],
    ["1e", 'parse: illegal number syntax: "1e"'],
    ["1.2.3", 'parse: unexpected ".3" in operand'],
  ]);
});

describe("imaginary numbers", () => {
  gives([
    ["1i", "(0+1i)"],
    ["0i", "(0+0i)"],
    ["-1.5e1i", "(0-15i)"],
    ["1+2i", "(1+2i)"],
    ["1e+1-2i", "(10-2i)"],
    ["1-2e-1i", "(1-0.2i)"],
    ["eq 1i 0+1i", "true"],
  ]);
  refused([["0x1i", 'parse: illegal number syntax: "0x1i"']]);
});

describe("characters are ints", () => {
  gives([
    ["'a'", "97"],
    ["'é'", "233"],
    ["'😀'", "128512"],
    ["'\\''", "39"],
    ["'\\\\'", "92"],
    ["'\\x41'", "65"],
    ["'\\101'", "65"],
    ["'\\u00e9'", "233"],
    ["'\\U0001F600'", "128512"],
    ["'\"'", "34"],
  ]);
  refused([
    ["''", "parse: invalid syntax"],
    ["'ab'", "parse: malformed character constant: 'ab'"],
    ["'\\\"'", "parse: invalid syntax"],
    ["'\\q'", "parse: invalid syntax"],
    ["'\\ud800'", "parse: invalid syntax"],
    ["'\\400'", "parse: invalid syntax"],
    ["'a", "parse: unterminated character constant"],
    ["'a\n'", "parse: unterminated character constant"],
  ]);
});

describe("text", () => {
  gives([
    ['"\\a\\b\\f\\n\\r\\t\\v\\\\\\""', '\x07\b\f\n\r\t\v\\"'],
    ['"\\x41\\101\\u00e9\\U0001F600"', "AAé😀"],
    ['"\\xc3\\xa9"', "é"],
    ['"\\xff"', "\uFFFD"],
    ['`a\\n"b"`', 'a\\n"b"'],
    ["`a\r\nb`", "a\nb"],
    ['"it\'s }} fine"', "it's }} fine"],
  ]);
  refused([
    ['"\\q"', "parse: invalid syntax"],
    ['"\\\'"', "parse: invalid syntax"],
    ['"\\x4"', "parse: invalid syntax"],
    ['"\\U00110000"', "parse: invalid syntax"],
    ['"abc', "parse: unterminated quoted string"],
    ['"a\nb"', "parse: unterminated quoted string"],
    ['"a\\', "parse: unterminated quoted string"],
    ["`abc", "parse: unterminated raw quoted string"],
  ]);
});

describe("words", () => {
  gives([
    ["true", "true"],
    ["print nil", "<nil>"],
    ["not nil", "true"],
  ]);
  refused([
    ["nil", "exec: nil is not a command"],
    ["nil | print", "exec: nil is not a command"],
    ["nil.x", "parse: unexpected . after term of kind nil"],
    ['"a".x', "parse: unexpected . after term of kind string"],
    ["truely", 'parse: function "truely" not defined'],
  ]);
});
