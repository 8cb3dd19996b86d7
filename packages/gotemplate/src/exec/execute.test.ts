import { describe, expect, test } from "vitest";
import { float, type Limits, parse, TemplateError, typed } from "../index.ts";
import { complaint, failure, render } from "../render.test.support.ts";

const DATA = { text: "hi", nil: null, map: { a: "ay", deep: { x: 1 } }, list: ["a", "b"], zero: 0, fn: () => 1 };

function gives(rows: readonly (readonly [template: string, want: string])[], data: unknown = DATA): void {
  for (const [template, want] of rows)
    test(`${template} gives ${want}`, () => expect(render(template, data)).toBe(want));
}

function refused(rows: readonly (readonly [template: string, why: string])[], data: unknown = DATA): void {
  for (const [template, why] of rows)
    test(`${template} fails: ${why}`, () => expect(complaint(template, data)).toBe(`exec: ${why}`));
}

describe("fields", () => {
  gives([
    ["{{.map.deep.x}}", "1"],
    ["{{$.map.a}}", "ay"],
    ["{{(.map).a}}", "ay"],
    ["{{with .map}}{{.a}}{{$.text}}{{end}}", "ayhi"],
    ["{{.none}} {{.map.none}} {{.none.x.y}}", "<no value> <no value> <no value>"],
    ["{{.constructor}} {{.__proto__}} {{.map.toString}}", "<no value> <no value> <no value>"],
    ["{{$x := .nil}}{{$x.y}}", "<no value>"],
  ]);
  refused([
    ["{{.text.more}}", "can't evaluate field more in type string"],
    ["{{.list.length}}", "can't evaluate field length in type []interface {}"],
    ["{{.zero.x}}", "can't evaluate field x in type int"],
    ["{{.nil.x}}", "nil pointer evaluating interface {}.x"],
    ["{{.text 1}}", "text is not a method but has arguments"],
    ["{{1 | .text}}", "text is not a method but has arguments"],
    ["{{.none 1}}", "none is not a method but has arguments"],
    ["{{1 2}}", "can't give argument to non-function 1"],
    ["{{. 1}}", "can't give argument to non-function ."],
    ["{{$ 1}}", "can't give argument to non-function $"],
    ["{{(print) 1}}", "can't give argument to non-function (print)"],
    ["{{1 | $}}", "can't give argument to non-function $"],
  ]);
  test("nil has no fields", () => {
    expect(complaint("{{range .}}{{.x}}{{end}}", [null])).toBe("exec: nil pointer evaluating interface {}.x");
    expect(render("{{range .}}{{.}}{{end}}", [null])).toBe("<no value>");
  });
  test("the dot has no value without data", () => {
    expect(render("{{.}} {{.x}}")).toBe("<no value> <no value>");
    expect(render("{{.}}", null)).toBe("<no value>");
  });
});

describe("truth", () => {
  const truth = "{{if .}}t{{else}}f{{end}}";
  test.each([false, 0, 0n, "", [], {}, new Map(), null, undefined, float(0), -0])("%o is false", (value) => {
    expect(render(truth, value)).toBe("f");
  });
  test.each([true, -1, 1n, "0", [0], { a: 0 }, new Map([[0, 0]]), 0.1, Number.NaN, () => 0])("%o is true", (value) => {
    expect(render(truth, value)).toBe("t");
  });
});

describe("with", () => {
  gives([
    ["{{with .text}}{{.}}{{else}}none{{end}}", "hi"],
    ["{{with .none}}{{.}}{{else}}{{.text}}{{end}}", "hi"],
    ["{{with $x := .text}}{{$x}}{{.}}{{end}}", "hihi"],
    ["{{with .zero}}{{else with .nil}}{{else with .map}}{{.a}}{{else}}none{{end}}", "ay"],
  ]);
});

describe("range", () => {
  gives([
    ["{{range .list}}{{.}}{{$.text}}{{end}}", "ahibhi"],
    ["{{range $e := .list}}{{$e}}{{.}}{{end}}", "aabb"],
    ["{{range $i, $e := .list}}{{$i}}{{$e}}{{end}}", "0a1b"],
    ["{{range $k, $v := .map}}{{$k}}={{$v}};{{end}}", "a=ay;deep=map[x:1];"],
    ["{{range .none}}x{{else}}none{{end}}{{range .nil}}x{{else}}nil{{end}}", "nonenil"],
    ["{{$x := 0}}{{range $x = .list}}{{end}}{{$x}}", "b"],
    ["{{$i := 0}}{{$x := 0}}{{range $i, $x = .list}}{{end}}{{$i}}{{$x}}", "1b"],
    ["{{range .list}}{{$x := .}}{{range $.list}}{{$x}}{{.}} {{end}}{{end}}", "aa ab ba bb "],
    ["{{$n := 0}}{{range .list}}{{$n = len $.list}}{{$n := 5}}{{end}}{{$n}}", "2"],
    ["{{range $i, $e := .none}}{{else}}{{$i}}{{end}}", "<no value>"],
  ]);
  refused([
    ["{{range 3}}{{end}}", "range can't iterate over 3"],
    ["{{range .text}}{{end}}", "range can't iterate over hi"],
    ["{{range 1.5}}{{end}}", "range can't iterate over 1.5"],
    ["{{range true}}{{end}}", "range can't iterate over true"],
    ["{{range .fn}}{{end}}", "range can't iterate over a function"],
  ]);
  test("keys are sorted: numbers by value, text by bytes", () => {
    const map = new Map<unknown, unknown>([
      ["b", 1],
      ["a", 2],
      [10, 3],
      [9, 4],
      ["\uFFFF", 5],
      ["😀", 6],
    ]);
    expect(render("{{range $k, $v := .}}{{$v}}{{end}}", map)).toBe("432156");
  });
});

describe("values", () => {
  test("whole numbers are ints, other numbers are floats, and float() makes a float of an int", () => {
    expect(render('{{range .}}{{printf "%T" .}} {{end}}', [1, 1.5, float(1), 2n, 2 ** 62, 2 ** 63])).toBe(
      "int float64 float64 int int float64 ",
    );
    expect(render("{{.}}", float(3))).toBe("3");
    expect(render("{{.}}", 1e20)).toBe("1e+20");
  });
  test("ints have 64 bits, are exact, and overflow", () => {
    expect(render("{{.}}", 2n ** 63n - 1n)).toBe("9223372036854775807");
    expect(render("{{.}}", 2n ** 63n)).toBe("-9223372036854775808");
    expect(render("{{f}}", null, { f: () => 2n ** 64n + 5n })).toBe("5");
  });
  test("data is printed as in Go", () => {
    expect(render("{{.}}", { b: [1, "x", null], a: { c: true } })).toBe("map[a:map[c:true] b:[1 x <nil>]]");
    expect(render("{{.}}", [undefined, 1.0, "a b"])).toBe("[<nil> 1 a b]");
  });
  test("a function cannot be printed", () => {
    expect(complaint("{{.fn}}", DATA)).toBe("exec: can't print a function");
  });
});

describe("functions", () => {
  const funcs = {
    add: typed(["int", "int"], (a, b) => a + b),
    half: typed(["float"], (value) => value / 2),
    upper: typed(["string"], (text) => text.toUpperCase()),
    join: typed(["string", "...string"], (separator, ...parts) => parts.join(separator)),
    size: typed(["list"], (list) => list.length),
    keys: typed(["map"], (map) => (map instanceof Map ? map.size : Object.keys(map).length)),
    flip: typed(["bool"], (value) => !value),
    kind: typed(["any"], (value) => (value === null ? "null" : typeof value)),
    plain: (a: unknown, b: unknown) => [a, b],
    nothing: () => undefined,
    fails: () => {
      throw new Error("it broke");
    },
  };
  const called: readonly (readonly [string, string])[] = [
    ["add 1 2", "3"],
    ["add 9223372036854775807 1", "-9223372036854775808"],
    ["add 'a' 2.0", "99"],
    ["2 | add 1", "3"],
    ["half 3", "1.5"],
    ["half 1e3", "500"],
    ['join "-" "a" "b"', "a-b"],
    ['"b" | join "-" "a"', "a-b"],
    ['join "-"', ""],
    ["size .list", "2"],
    ["size .none", "0"],
    ["size nil", "0"],
    ["keys .map", "2"],
    ["flip false", "true"],
    ["kind nil", "null"],
    ["kind .none", "null"],
    ["kind 9007199254740993", "bigint"],
    ["kind (index .text 0)", "number"],
    ["plain 1 2", "[1 2]"],
    ["plain 1 2 3", "[1 2]"],
    ["nothing", "<no value>"],
    ["print nothing", "<nil>"],
  ];
  for (const [pipeline, want] of called) {
    test(`${pipeline} gives ${want}`, () => expect(render(`{{${pipeline}}}`, DATA, funcs)).toBe(want));
  }

  const wrong: readonly (readonly [string, string])[] = [
    ["add 1", "wrong number of args for add: want 2 got 1"],
    ["1 | add 1 2", "wrong number of args for add: want 2 got 3"],
    ['add 1 "2"', 'expected integer; found "2"'],
    ["add 1 2.5", "expected integer; found 2.5"],
    ["add 1 nil", "cannot assign nil to int"],
    ["add 1 .none", "invalid value; expected int"],
    ["add 1 .nil", "wrong type for value; expected int; got interface {}"],
    ["add 1 .text", "wrong type for value; expected int; got string"],
    ["add 1 (half 3)", "wrong type for value; expected int; got float64"],
    ["add 1 9223372036854775808", "expected integer; found 9223372036854775808"],
    ["half .zero", "wrong type for value; expected float64; got int"],
    ["upper 3", "expected string; found 3"],
    ["upper true", "expected string; found true"],
    ["3 | upper", "wrong type for value; expected string; got int"],
    ["flip 1", "expected bool; found 1"],
    ["size `a`", "can't handle a literal for arg of type []interface {}; found `a`"],
    ["join", "wrong number of args for join: want at least 1 got 0"],
    ['join "-" 1', "expected string; found 1"],
    ["plain 1", "wrong number of args for plain: want at least 2 got 1"],
    ["fails", "error calling fails: it broke"],
  ];
  for (const [pipeline, why] of wrong) {
    test(`${pipeline} fails: ${why}`, () => expect(complaint(`{{${pipeline}}}`, DATA, funcs)).toBe(`exec: ${why}`));
  }

  test("an error that a function throws is the cause of the execution error", () => {
    const broke = new Error("it broke");
    const thrown = failure("a{{f}}", null, {
      f: () => {
        throw broke;
      },
    });
    expect(thrown.cause).toBe(broke);
    expect(thrown.message).toBe('template: t:1:3: executing "t" at <f>: error calling f: it broke');
  });
  test("a function may replace a built-in", () => {
    expect(render("{{len 1}}{{and 1 2 3}}", null, { len: () => "L", and: () => "A" })).toBe("LA");
  });
  test("inherited properties such as constructor are not functions", () => {
    expect(complaint("{{constructor}}")).toBe('parse: function "constructor" not defined');
  });
});

describe("limits", () => {
  const limited = (text: string, data: unknown, limits: Partial<Limits>) => () => parse(text, { limits }).execute(data);
  const many = Array.from({ length: 1000 }, () => 1);

  test("deep recursion is allowed, and infinite recursion is an error", () => {
    expect(complaint('{{define "r"}}{{template "r"}}{{end}}{{template "r"}}')).toBe(
      "exec: exceeded maximum template depth (100000)",
    );
    const down = '{{define "r"}}{{if .}}{{template "r" (dec .)}}{{else}}end{{end}}{{end}}{{template "r" 20000}}';
    expect(render(down, null, { dec: typed(["int"], (n) => n - 1n) })).toBe("end");
  });
  test("the length of the output and of every intermediate text is limited", () => {
    expect(limited("{{range .}}12345{{end}}", many, { output: 4000 })).toThrow("exceeded the limit of 4000 characters");
    const doubling = '{{$x := "ab"}}{{range .}}{{$x = print $x $x}}{{end}}';
    expect(limited(doubling, many, { output: 4000 })).toThrow(
      "error calling print: exceeded the limit of 4000 characters",
    );
    expect(limited('{{printf "%1000000d" 1 | len}}', null, { output: 4000 })).toThrow(
      "exceeded the limit of 4000 characters",
    );
  });
  test("the number of steps is limited", () => {
    const nested = "{{range .}}{{range $}}{{range $}}{{end}}{{end}}{{end}}";
    expect(limited(nested, many, { steps: 100_000 })).toThrow("exceeded the limit of 100000 steps");
  });
  test("circular data cannot be printed, but its fields can be read", () => {
    const ring: { self?: unknown } = {};
    ring.self = ring;
    expect(complaint("{{.}}", ring)).toBe("exec: data nested too deeply to print");
    expect(render("{{.self.self.self | len}}", ring)).toBe("1");
  });
  test("an error that data throws on access is the cause of the execution error", () => {
    const trap = Object.defineProperty({}, "x", {
      get() {
        throw new Error("trap");
      },
      enumerable: true,
    });
    expect(failure("{{.x}}", trap).cause).toEqual(new Error("trap"));
  });
});

test("a template can be executed again with other data", () => {
  const template = parse("{{$x := .}}{{$x}}");
  expect([template.execute(1), template.execute("b"), template.name]).toEqual(["1", "b", "template"]);
});

test("parse and execution errors are TemplateErrors with the template's name", () => {
  expect(() => parse("{{", { name: "n" })).toThrow(TemplateError);
  expect(failure("{{")).toMatchObject({ kind: "parse", name: "t", line: 1 });
});
