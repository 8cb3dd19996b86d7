import { describe, expect, test } from "vitest";
import { float, typed } from "../index.ts";
import { complaint, render } from "../render.test.support.ts";

const DATA = {
  text: "héé",
  nums: [3, 1, 2],
  map: { a: "ay", n: 5, deep: { x: [10, 20] }, nil: null },
  keys: new Map<unknown, unknown>([
    [1, "one"],
    [2n, "two"],
    ["s", "text"],
  ]),
  nil: null,
  empty: [],
  half: 0.5,
  whole: float(2),
  nan: Number.NaN,
  big: 9007199254740993n,
  fn: (value: unknown) => `<${String(value)}>`,
  inc: typed(["int"], (value) => value + 1n),
};

function gives(rows: readonly (readonly [pipeline: string, want: string])[]): void {
  for (const [pipeline, want] of rows)
    test(`${pipeline} gives ${want}`, () => expect(render(`{{${pipeline}}}`, DATA)).toBe(want));
}

function refused(rows: readonly (readonly [pipeline: string, why: string])[]): void {
  for (const [pipeline, why] of rows) {
    test(`${pipeline} fails: ${why}`, () => expect(complaint(`{{${pipeline}}}`, DATA)).toBe(`exec: ${why}`));
  }
}

describe("and, or, not", () => {
  gives([
    ["and 1 0 2", "0"],
    ["and 1 2", "2"],
    ['or 0 "" "x"', "x"],
    ["or 0 .nil", "<no value>"],
    ["and true .none", "<no value>"],
    ["or 1 (index .nums 99)", "1"],
    ["and 0 (index .nums 99)", "0"],
    ["1 | or 0", "1"],
    ["1 | and", "1"],
    ["0 | or 7", "7"],
    ["not .nil", "true"],
    ["not 1 | not", "true"],
  ]);
  refused([
    ["and", "wrong number of args for and: want at least 1 got 0"],
    ["or 0 (index .nums 99)", "error calling index: index out of range: 99"],
    ["not", "wrong number of args for not: want 1 got 0"],
    ["not 1 2", "wrong number of args for not: want 1 got 2"],
    ["1 | not 2", "wrong number of args for not: want 1 got 2"],
  ]);
});

describe("comparison", () => {
  gives([
    ["eq 1 2 3 1", "true"],
    ["eq .big 9007199254740993", "true"],
    ["eq .big 9007199254740992", "false"],
    ["eq .whole 2.0", "true"],
    ["eq true (not false)", "true"],
    ["eq nil .nil", "true"],
    ["eq .none .nil", "true"],
    ["eq 1 nil", "false"],
    ["eq nil 1", "false"],
    ["eq .nums nil", "false"],
    ["eq .empty .nil", "false"],
    ["ne .map nil", "true"],
    ["eq (index .text 0) 104", "true"],
    ["lt (index .text 0) 105", "true"],
    ["eq .nan .nan", "false"],
    ["lt 1.5 2.5", "true"],
    ['lt "a" "b"', "true"],
    ['lt "Z" "a"', "true"],
    ["le 2 2 | print (ge 2 3) (gt 3 2)", "false true true"],
    ["eq 'a' 97", "true"],
    ["1 | eq 1", "true"],
    ["3 | lt 2", "true"],
  ]);
  refused([
    ["eq 1", "error calling eq: missing argument for comparison"],
    ["eq", "wrong number of args for eq: want at least 1 got 0"],
    ["eq 1 1.0", "error calling eq: incompatible types for comparison"],
    ['eq 1 "1"', "error calling eq: incompatible types for comparison"],
    ["eq .nums 1", "error calling eq: incompatible types for comparison"],
    ["eq .nums .nums", "error calling eq: non-comparable type []interface {}"],
    ["eq .map .map", "error calling eq: non-comparable type map[string]interface {}"],
    ["eq .map .nums", "error calling eq: non-comparable types map[string]interface {}, []interface {}"],
    ["ne 1 true", "error calling ne: incompatible types for comparison"],
    ["lt true false", "error calling lt: invalid type for comparison"],
    ["lt nil 1", "error calling lt: invalid type for comparison"],
    ["lt 1 nil", "error calling lt: invalid type for comparison"],
    ["lt .nums .nums", "error calling lt: invalid type for comparison"],
    ["lt 1i 2i", "error calling lt: invalid type for comparison"],
    ["lt 1 1.5", "error calling lt: incompatible types for comparison"],
    ['gt "a" 1', "error calling gt: incompatible types for comparison"],
    ["lt 1", "wrong number of args for lt: want 2 got 1"],
    ["ne 1 2 3", "wrong number of args for ne: want 2 got 3"],
  ]);
});

describe("len and index", () => {
  gives([
    ["len .text", "5"],
    ["len .nums", "3"],
    ["len .map", "4"],
    ["len .keys", "3"],
    ['len ""', "0"],
    ["index .nums 1", "1"],
    ["index .nums", "[3 1 2]"],
    ['index .map "deep" "x" 1', "20"],
    ['index .map "zzz"', "<no value>"],
    ["index .text 1", "195"],
    ['printf "%T" (index .text 1)', "uint8"],
    ["index .keys 1", "one"],
    ["index .keys 2", "two"],
    ['index .keys "s"', "text"],
    ["index .keys 3", "<no value>"],
    ["(index .map `deep`).x", "[10 20]"],
    ["(index .map `zzz`).x.y", "<no value>"],
    ["2 | index .nums", "2"],
  ]);
  refused([
    ["len", "wrong number of args for len: want 1 got 0"],
    ["len 3", "error calling len: len of type int"],
    ["len nil", "error calling len: len of nil pointer"],
    ["len .none", "error calling len: len of nil pointer"],
    ["len true", "error calling len: len of type bool"],
    ["index", "wrong number of args for index: want at least 1 got 0"],
    ["index .nums 3", "error calling index: index out of range: 3"],
    ["index .nums -1", "error calling index: index out of range: -1"],
    ["index .nums 9223372036854775807", "error calling index: index out of range: 9223372036854775807"],
    ["index .nums 1.0", "error calling index: cannot index slice/array with type float64"],
    ["index .nums nil", "error calling index: cannot index slice/array with nil"],
    ["index .nums `0`", "error calling index: cannot index slice/array with type string"],
    ["index .text 5", "error calling index: index out of range: 5"],
    ["index .map 1", "error calling index: value has type int; should be string"],
    ["index .map nil", "error calling index: value is nil; should be of type string"],
    ['index .map "zzz" "y"', "error calling index: index of nil pointer"],
    ["index nil 1", "error calling index: index of untyped nil"],
    ["index .nil 1", "error calling index: index of untyped nil"],
    ["index 1 1", "error calling index: can't index item of type int"],
  ]);
});

describe("slice", () => {
  gives([
    ["slice .nums", "[3 1 2]"],
    ["slice .nums 1", "[1 2]"],
    ["slice .nums 1 2", "[1]"],
    ["slice .nums 3", "[]"],
    ["slice .nums 0 2 3", "[3 1]"],
    ["slice .text 1 3", "é"],
    ["slice .text 0 2", "h\uFFFD"],
    ["print (slice .text 1 2) (slice .text 2 3)", "é"],
    ["eq (print (slice .text 1 2) (slice .text 2 3)) `é`", "true"],
    ["len (slice .text 1 2)", "1"],
  ]);
  refused([
    ["slice .nums 4", "error calling slice: index out of range: 4"],
    ["slice .nums 2 1", "error calling slice: invalid slice index: 2 > 1"],
    ["slice .nums 0 3 2", "error calling slice: invalid slice index: 3 > 2"],
    ["slice .nums 0 1 2 3", "error calling slice: too many slice indexes: 4"],
    ["slice .text 0 1 2", "error calling slice: cannot 3-index slice a string"],
    ["slice .text 6", "error calling slice: index out of range: 6"],
    ["slice .nums `1`", "error calling slice: cannot index slice/array with type string"],
    ["slice .map", "error calling slice: can't slice item of type map[string]interface {}"],
    ["slice nil", "error calling slice: slice of untyped nil"],
  ]);
});

describe("print and println", () => {
  gives([
    ["print", ""],
    ["println", "\n"],
    ['print 1 2 "a" "b" 3 4.0 true nil', "1 2ab3 4 true <nil>"],
    ['print "a" 1 2 "b"', "a1 2b"],
    ['println "a" 1 nil', "a 1 <nil>\n"],
    ["print .nums .map", "[3 1 2] map[a:ay deep:map[x:[10 20]] n:5 nil:<nil>]"],
    ["print .whole .half", "2 0.5"],
    ["print .none .nil", "<nil> <nil>"],
  ]);
  refused([
    ["printf", "wrong number of args for printf: want at least 1 got 0"],
    ["printf 3", "expected string; found 3"],
    ["printf nil", "cannot assign nil to string"],
    ["printf .nums", "wrong type for value; expected string; got []interface {}"],
    ["printf .nil", "wrong type for value; expected string; got interface {}"],
    ["printf .none", "invalid value; expected string"],
    ["1 | printf", "wrong type for value; expected string; got int"],
  ]);
});

describe("escaping", () => {
  gives([
    [`html "<a href='x'>&\\""`, "&lt;a href=&#39;x&#39;&gt;&amp;&#34;"],
    ['html "\\x00"', "\uFFFD"],
    ["html 1 2 `<`", "1 2&lt;"],
    ["html .nil", "&lt;no value&gt;"],
    ["html .nums", "[3 1 2]"],
    ["`<` | html", "&lt;"],
    [`js "it's \\"<b>\\" & = \\\\"`, 'it\\\'s \\"\\u003Cb\\u003E\\" \\u0026 \\u003D \\\\'],
    ['js "\\n\\t\\x00\\x7f"', "\\u000A\\u0009\\u0000\x7f"],
    ['js "é\\u2028\\u00a0😀"', "é\\u2028\\u00A0😀"],
    ["js 1 .nil", "1\\u003Cno value\\u003E"],
    ['urlquery "a b&c/é?=+~-_."', "a+b%26c%2F%C3%A9%3F%3D%2B~-_."],
    ['urlquery "\\xff"', "%FF"],
    ["urlquery 1 2", "1+2"],
  ]);
});

describe("call", () => {
  gives([
    ["call .fn 1", "<1>"],
    ["1 | call .fn", "<1>"],
    ["call .inc 1", "2"],
  ]);
  refused([
    ["call", "wrong number of args for call: want at least 1 got 0"],
    ["call nil", "error calling call: call of nil"],
    ["call .text", "error calling call: non-function .text of type string"],
    ["call .fn", "error calling call: wrong number of args for .fn: want at least 1 got 0"],
    ['call .inc "1"', "error calling call: wrong type for value; expected int; got string"],
    ["call .inc 1 2", "error calling call: wrong number of args for .inc: want 1 got 2"],
    [".fn", "can't print a function"],
    [".inc", "can't print a function"],
    [".fn 1", "fn is not a method but has arguments"],
  ]);
});
