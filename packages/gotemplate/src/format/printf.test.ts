import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { float } from "../index.ts";
import { render } from "../render.test.support.ts";
import { printf } from "./printf.ts";

const LIMIT = 20_000_000;
const SEED = { seed: 7 };
const given = (format: string, ...args: unknown[]) => printf(format, args, LIMIT);

type Row = readonly [format: string, args: readonly unknown[], want: string];

function table(rows: readonly Row[]): void {
  for (const [format, args, want] of rows)
    test(`${format} prints ${want}`, () => expect(given(format, ...args)).toBe(want));
}

describe("ints", () => {
  table([
    ["%d|%5d|%-5d|%05d", [42, 42, 42, 42], "42|   42|42   |00042"],
    ["%+d|% d|%+05d|%-05d", [5, 5, 42, 42], "+5| 5|+0042|42   "],
    ["%05d|%x|%X|%o|%b", [-42, -255, 255, 8, 5], "-0042|-ff|FF|10|101"],
    ["%#x|%#X|%#o|%#b|%O|%#o", [255, 255, 8, 5, 8, 0], "0xff|0XFF|010|0b101|0o10|0"],
    ["%.3d|%6.3d|%06.3d|%.0d|%5.0d|%.0d", [5, 5, 5, 0, 0, 1], "005|   005|   005||     |1"],
    ["%c|%q|%U|%#U|%3c|%c", [65, 0x1f600, 65, 0x263a, 65, -1], "A|'😀'|U+0041|U+263A '☺'|  A|\uFFFD"],
    ["%q|%+q|%q", [39, 0xe9, 10], "'\\''|'\\u00e9'|'\\n'"],
    ["%.6U|%U", [65, -1], "U+000041|U+FFFFFFFFFFFFFFFF"],
    ["%d %d", [9223372036854775807n, -9223372036854775808n], "9223372036854775807 -9223372036854775808"],
  ]);
});

describe("floats", () => {
  table([
    ["%v %v %v %v", [float(2), 1e21, 1e-7, 1234567.8], "2 1e+21 1e-07 1.2345678e+06"],
    ["%v %v %v", [float(100000), float(1000000), 0.0001], "100000 1e+06 0.0001"],
    [
      "%f|%.2f|%8.3f|%-8.1f|%08.3f|%+.1f",
      [1.5, 2.345, 3.24159, 2.5, -3.24159, 2.5],
      "1.500000|2.35|   3.242|2.5     |-003.242|+2.5",
    ],
    ["%.0f %.0f %.0f %.1f", [0.5, 1.5, 2.5, 0.25], "0 2 2 0.2"],
    ["%e|%E|%.0e|%.2e", [1234.5678, 1234.5678, 1234.5678, float(0)], "1.234568e+03|1.234568E+03|1e+03|0.00e+00"],
    ["%g|%G|%.3g|%.3g|%.10g", [1e-10, 1e-10, 1234.5, float(100), float(100000)], "1e-10|1E-10|1.23e+03|100|100000"],
    ["%#g|%#.3g|%#.0f|%#v", [float(1), float(1), float(1), float(1)], "1.00000|1.00|1.|1"],
    [
      "%x|%X|%.1x|%x|%b",
      [1.5, 1.5, 1.97, float(0), float(1)],
      "0x1.8p+00|0X1.8P+00|0x1.0p+01|0x0p+00|4503599627370496p-52",
    ],
    [
      "%v|%v|%v|%6.1f|%06.1f|% f",
      [Number.NaN, 1 / 0, -1 / 0, Number.NaN, -1 / 0, 1 / 0],
      "NaN|+Inf|-Inf|   NaN|  -Inf| Inf",
    ],
    ["%v|%6.3v|%.2v", [-0, 3.24159, 1234.5], "0|  3.24|1.2e+03"],
    ["%.3f|%.20f", [1e21, 0.1], "1000000000000000000000.000|0.10000000000000000555"],
    ["%v|%.0f", [5e-324, 1.7976931348623157e308], `5e-324|${BigInt(Number.MAX_VALUE)}`],
  ]);

  test("the shortest form parses to the same float", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => {
        fc.pre(Number.isFinite(value) && !Number.isInteger(value));
        expect(Number(given("%v", value))).toBe(value);
        expect(Number(given("%.17e", value))).toBe(value);
      }),
      SEED,
    );
  });

  test("%e with the number of digits of the shortest form prints the same digits", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const [mantissa = "", exponent = ""] = value.toExponential().split("e");
        const places = mantissa.replace(/^-/, "").length - 2;
        const power = exponent.replace(/^([+-])([0-9])$/, "$10$2");
        expect(given("%.*e", Math.max(places, 0), float(value)).replace(/^-0e/, "0e")).toBe(`${mantissa}e${power}`);
      }),
      SEED,
    );
  });
});

describe("text", () => {
  table([
    ["%s|%5s|%-5s|%.2s|%5.1s|%05s", ["ab", "ab", "ab", "abc", "abc", "ab"], "ab|   ab|ab   |ab|    a|000ab"],
    ["%5s|%.2s|%-4s|", ["é☺", "é☺x", "😀"], "   é☺|é☺|😀   |"],
    [
      "%q|%#q|%#q|%+q|%8q|%.1q",
      ['a"b\n', "a", "a`b", "é😀", "ab", "abc"],
      '"a\\"b\\n"|`a`|"a`b"|"\\u00e9\\U0001f600"|    "ab"|"a"',
    ],
    [
      "%x|%X|% x|%#x|%# X|%.2x|%6x|%-6x|",
      ["hé", "hé", "hé", "hé", "hé", "hey", "ab", "ab"],
      "68c3a9|68C3A9|68 c3 a9|0x68c3a9|0X68 0XC3 0XA9|6865|  6162|6162  |",
    ],
    ["%x|%5x", ["", ""], "|     "],
    ["%q", ["\0\x07\x7f\u00a0\u200b\uDCFF\uFFFD"], '"\\x00\\a\\x7f\\u00a0\\u200b\\xff\uFFFD"'],
    ["%t|%6t|%-6t|%v", [true, true, false, false], "true|  true|false |false"],
  ]);
});

describe("lists, maps and nil", () => {
  const list = [1, "a", null];
  const map = { b: 2, a: [true] };
  table([
    ["%v|%+v|%s", [list, list, list], "[1 a <nil>]|[1 a <nil>]|[%!s(int=1) a <nil>]"],
    ["%#v", [list], '[]interface {}{1, "a", interface {}(nil)}'],
    ["%v|%d", [map, map], "map[a:[true] b:2]|map[%!d(string=a):[%!d(bool=true)] %!d(string=b):2]"],
    ["%#v", [map], 'map[string]interface {}{"a":[]interface {}{true}, "b":2}'],
    [
      "%5d|%q|%x",
      [
        [1, 2],
        ["a", "b"],
        ["hi", 255],
      ],
      '[    1     2]|["a" "b"]|[6869 ff]',
    ],
    [
      "%v|%5v|%-7v|%s|%d|%T|%#v",
      [null, null, undefined, null, null, null, null],
      "<nil>|<nil>|<nil>  |%!s(<nil>)|%!d(<nil>)|<nil>|<nil>",
    ],
    [
      "%v",
      [
        new Map<unknown, unknown>([
          [10, "x"],
          [9, "y"],
          ["k", 1],
        ]),
      ],
      "map[9:y 10:x k:1]",
    ],
    [
      "%T %T %T %T %T %T %T",
      [1, "a", 1.5, true, [], {}, float(1)],
      "int string float64 bool []interface {} map[string]interface {} float64",
    ],
    ["%10T|%v|%v", [1, [], {}], "       int|[]|map[]"],
  ]);
});

describe("verbs that do not fit are reported in the output, not thrown", () => {
  table([
    ["%d %s %t %f", ["hi", 7, "x", 1], "%!d(string=hi) %!s(int=7) %!t(string=x) %!f(int=1)"],
    ["%z|%!|%é", [1, 2, 3], "%!z(int=1)|%!!(int=2)|%!é(int=3)"],
    ["%w|%w|%p", [1, ["a"], "x"], "%!w(int=1)|%!w([]interface {}=[a])|%!p(string=x)"],
    ["%5z|%-5z|", [1, "a"], "%!z(int=    1)|%!z(string=a    )|"],
    ["%d %d", [1], "1 %!d(MISSING)"],
    ["hi", ["a", 1, null, 2.5], "hi%!(EXTRA string=a, int=1, <nil>, float64=2.5)"],
    ["%d", [1, [2]], "1%!(EXTRA []interface {}=[2])"],
    ["%", [], "%!(NOVERB)"],
    ["%-", [1], "%!(NOVERB)%!(EXTRA int=1)"],
    ["%%|%5%|%-%|%d", [1], "%|%|%|1"],
  ]);
});

describe("widths, precisions and arguments by number", () => {
  table([
    ["%*d|%-*d|%*d|", [5, 42, 5, 42, -5, 42], "   42|42   |42   |"],
    ["%.*f|%*.*f|", [2, 3.24159, 8, 1, 2.55], "3.24|     2.5|"],
    ["%*d|%.*d|%*d", ["a", 1, 1.5, 2, 1_000_001, 3], "%!(BADWIDTH)1|%!(BADPREC)2|%!(BADWIDTH)3"],
    ["%.*f", [-1, 2.5], "%!(BADPREC)2.500000"],
    ["%[2]d %[1]d|%[1]d %d", [1, 2], "2 1|1 2"],
    ["%[2]*[1]d|%[1]*d", [3, 5], "    3|  5"],
    ["%[3]d|%[0]d|%[x]d|%[]d|%[-1]d", [1], "%!d(BADINDEX)|%!d(BADINDEX)|%!d(BADINDEX)|%!d(BADINDEX)|%!d(BADINDEX)"],
    ["%[2]2d|%[1].2d|%.[3]d|%.[2]d", [1, 2], "%!d(BADINDEX)|%!d(BADINDEX)|%!d(BADINDEX)|2"],
    ["%[1]d", [1, 2, 3], "1"],
    ["%[1]%|%[", [1], "%|%!(NOVERB)"],
    ["%100000000000d", [1], "%!(NOVERB)%!(EXTRA int=1)"],
    ["%d %d %#[1]x %#x", [16, 17], "16 17 0x10 0x11"],
  ]);

  test("a width of a million is allowed, and a longer text than the limit is an error", () => {
    expect(given("%1000000d", 1)).toHaveLength(1_000_000);
    expect(given("%.1000000f", 1.5)).toHaveLength(1_000_002);
    expect(() => printf("%1000000d", [1], 1000)).toThrow("exceeded the limit of 1000 characters");
  });
});

test("complex numbers print both parts", () => {
  expect(render('{{1i}} {{1+2i}} {{printf "%.1f|%T|%d" 1.25-2i 1i 1i}}')).toBe(
    "(0+1i) (1+2i) (1.2-2.0i)|complex128|%!d(complex128=(0+1i))",
  );
});
