import { describe, expect, test } from "vitest";
import { complaint, failure, render } from "../render.test.support.ts";

function gives(rows: readonly (readonly [template: string, want: string])[], data: unknown = {}): void {
  for (const [template, want] of rows)
    test(`${template} gives ${want}`, () => expect(render(template, data)).toBe(want));
}

function refused(rows: readonly (readonly [template: string, why: string])[]): void {
  for (const [template, why] of rows)
    test(`${template} fails: ${why}`, () => expect(complaint(template)).toBe(`parse: ${why}`));
}

describe("delimiters, trimming and comments", () => {
  gives([
    ["a }} b { c", "a }} b { c"],
    ["a \n {{- 1 -}} \t b", "a1b"],
    ["a {{-1}} {{- 1}}", "a -11"],
    ["{{3 -}} x", "3x"],
    [" {{- /* c */ -}} x", "x"],
    ["a {{/* c */}} b", "a  b"],
    ["a{{/* {{1}} */}}b", "ab"],
    ["{{\n1\r\n}}", "1"],
    ["{{1}}}", "1}"],
    ["\u00a0 {{- 1 -}} \u00a0", "\u00a01\u00a0"],
    ["", ""],
  ]);
  refused([
    ["{{", "unclosed action"],
    ["{{1", "unclosed action"],
    ["{{1\n", "unclosed action"],
    ["{{.x}", "bad character U+007D '}'"],
    ["{{/* a", "unclosed comment"],
    ["{{/* a */ }}", "comment ends before closing delimiter"],
    ["{{ /* a */}}", 'unexpected "/" in command'],
    ["{{}}", "missing value for command"],
    ["{{- -}}", 'illegal number syntax: "-"'],
    ["{{\u00a0}}", "unrecognized character in action: U+00A0"],
    ["{{\0}}", "unrecognized character in action: U+0000"],
    ["{{:}}", "expected :="],
    ["{{print:=}}", 'unexpected ":=" in operand'],
  ]);
});

describe("pipelines", () => {
  gives([
    ["{{1 | print 2 | print}}", "2 1"],
    ["{{1 |}}", "1"],
    ["{{(print 1) | print (print 2)}}", "21"],
    ["{{($x := 3)}}{{$x}}", "33"],
  ]);
  refused([
    ["{{1 | 2}}", "non executable command in pipeline stage 2"],
    ['{{print 1 | "a"}}', "non executable command in pipeline stage 2"],
    ["{{1 | print | .}}", "non executable command in pipeline stage 3"],
    ["{{| 1}}", 'unexpected "|" in command'],
    ["{{1 || print}}", 'unexpected "|" in command'],
    ["{{()}}", "missing value for parenthesized pipeline"],
    ["{{(1}}", "unclosed left paren"],
    ["{{1)}}", "unexpected right paren"],
    ['{{"a""b"}}', 'unexpected "\\"b\\"" in operand'],
    ["{{print(1)}}", 'unexpected "(" in operand'],
    ["{{1, 2}}", 'unexpected "," in operand'],
    ["{{.x..y}}", 'unexpected "." in operand'],
    ["{{..x}}", "unexpected . after term of kind dot"],
    ["{{nope}}", 'function "nope" not defined'],
    ["{{print nope}}", 'function "nope" not defined'],
    ["{{print end}}", "unexpected <end> in operand"],
  ]);
});

describe("variables", () => {
  gives([
    ["{{$x:=1}}{{$x}}", "1"],
    ["{{$x := 1}}{{$x := 2}}{{$x}}", "2"],
    ["{{$é_1 := 1}}{{$é_1}}", "1"],
    ["{{$x := 1}}{{if true}}{{$x := 2}}{{$x = 3}}{{$x}}{{end}}{{$x}}", "31"],
    ["{{$x := 1}}{{with 2}}{{$x = .}}{{end}}{{$x}}", "2"],
    ["{{$ = 5}}{{$}}", "5"],
  ]);
  refused([
    ["{{$x}}", 'undefined variable "$x"'],
    ["{{if true}}{{$x := 1}}{{end}}{{$x}}", 'undefined variable "$x"'],
    ['{{$x := 1}}{{define "d"}}{{$x}}{{end}}', 'undefined variable "$x"'],
    ["{{$x, $y := 1}}", "too many declarations in command"],
    ["{{if $x, $y := 1}}{{end}}", "too many declarations in if"],
    ["{{range $a, $b, $c := .}}{{end}}", "too many declarations in range"],
    ["{{range $a, 1 := .}}{{end}}", "range can only initialize variables"],
    ["{{range $a,}}{{end}}", "missing value for range"],
    ["{{$x :=}}", "missing value for command"],
    ["{{$x=1}}", "bad character U+003D '='"],
    ["{{1 := 2}}", 'unexpected ":=" in operand'],
    ["{{$x.y := 2}}", 'undefined variable "$x"'],
  ]);

  test("a variable of another branch is an error at execution, not at parsing", () => {
    expect(complaint("{{if false}}{{$x := 1}}{{else}}{{$x}}{{end}}")).toBe("exec: undefined variable: $x");
    expect(complaint("{{$x := $x}}")).toBe("exec: undefined variable: $x");
    expect(complaint("{{$x = 1}}")).toBe("exec: undefined variable: $x");
  });
});

describe("controls", () => {
  gives([
    ["{{if 0}}a{{else if 0}}b{{else if 1}}c{{else}}d{{end}}", "c"],
    ["{{if 0}}a{{else if 0}}b{{else}}d{{end}}", "d"],
    ["{{with 0}}a{{else with 2}}{{.}}{{end}}", "2"],
    ["{{with 0}}a{{else}}{{if 1}}b{{end}}{{end}}", "b"],
    ["{{if 1}}{{end}}{{if 0}}{{end}}", ""],
    ["{{range .x}}{{break}}{{else}}e{{end}}", "e"],
  ]);
  refused([
    ["{{if}}{{end}}", "missing value for if"],
    ["{{with}}{{end}}", "missing value for with"],
    ["{{range}}{{end}}", "missing value for range"],
    ["{{if 1}}", "unexpected EOF"],
    ["{{if 1}}{{else}}", "unexpected EOF"],
    ["{{end}}", "unexpected {{end}}"],
    ["{{if 1}}{{end}}{{end}}", "unexpected {{end}}"],
    ["{{else}}", "unexpected {{else}}"],
    ["{{else if 1}}", "unexpected {{else}}"],
    ["{{if 1}}{{else}}{{else}}{{end}}", "expected end; found {{else}}"],
    ["{{if 1}}{{else}}{{else if 1}}{{end}}", "expected end; found {{else}}"],
    ["{{if 1}}{{else 1}}{{end}}", 'unexpected "1" in else'],
    ["{{if 1}}{{else with 1}}{{end}}", "unexpected <with> in else"],
    ["{{with 1}}{{else if 1}}{{end}}", "unexpected <if> in else"],
    ["{{range .}}{{else range .}}{{end}}", "unexpected <range> in else"],
    ["{{if 1}}{{end 1}}", 'unexpected "1" in end'],
    ["{{if 1}}{{else if}}{{end}}", "missing value for if"],
  ]);
});

describe("break and continue", () => {
  gives(
    [["{{range .}}{{if eq . 2}}{{continue}}{{end}}{{if eq . 4}}{{break}}{{end}}{{.}}{{end}}", "13"]],
    [1, 2, 3, 4, 5],
  );
  gives(
    [["{{range .}}{{range .}}{{if eq . 2}}{{break}}{{end}}{{.}}{{end}};{{end}}", "1;3;"]],
    [
      [1, 2, 9],
      [3, 2, 9],
    ],
  );
  refused([
    ["{{break}}", "{{break}} outside {{range}}"],
    ["{{if 1}}{{continue}}{{end}}", "{{continue}} outside {{range}}"],
    ["{{range .}}{{break 1}}{{end}}", 'unexpected "1" in {{break}}'],
    ["{{range .}}{{else}}{{break}}{{end}}", "{{break}} outside {{range}}"],
    ['{{range .}}{{block "b" .}}{{break}}{{end}}{{end}}', "{{break}} outside {{range}}"],
    ['{{define "d"}}{{break}}{{end}}', "{{break}} outside {{range}}"],
  ]);

  test("a function called break hides the keyword", () => {
    expect(render("{{break}}{{range .}}{{break}}{{end}}", [1, 2], { break: () => "b" })).toBe("bbb");
  });
});

describe("define, template and block", () => {
  gives([
    ['{{define "a"}}[{{.}}]{{end}}{{template "a" 1}}{{template `a`}}', "[1][<no value>]"],
    ['{{template "a"}}{{define "a"}}later{{end}}', "later"],
    ['{{define "a"}}{{template "b" .}}{{end}}{{define "b"}}{{$}}{{end}}{{template "a" 1}}', "1"],
    ['{{define "a"}}1{{end}}{{define "a"}} \n{{/* c */}}{{end}}{{template "a"}}', "1"],
    ['{{define "a"}} {{end}}{{define "a"}}2{{end}}{{template "a"}}', "2"],
    ['{{block "a" 3}}<{{.}}>{{end}}{{template "a" 4}}', "<3><4>"],
    ['{{block "a" 1}}{{block "b" 2}}{{.}}{{end}}{{.}}{{end}}', "21"],
    ['{{define "t"}}self{{end}} ', "self"],
    ['{{define "a"}}{{.x.y}}{{end}}{{template "a" $}}', "<no value>"],
  ]);
  refused([
    ['{{define "a"}}1{{end}}{{define "a"}}2{{end}}', 'multiple definition of template "a"'],
    ['{{define "a"}}1{{end}}{{block "a" .}}2{{end}}', 'multiple definition of template "a"'],
    ['{{define "t"}}self{{end}}text', 'multiple definition of template "t"'],
    ["{{define a}}{{end}}", 'unexpected "a" in define clause'],
    ['{{define "a" 1}}{{end}}', 'unexpected "1" in define clause'],
    ["{{define}}{{end}}", 'unexpected "}}" in define clause'],
    ['{{define "a"}}', "unexpected EOF"],
    ['{{define "a"}}{{else}}{{end}}', "unexpected {{else}} in define clause"],
    ['{{if 1}}{{define "a"}}{{end}}{{end}}', "unexpected <define> in command"],
    ['{{define "a"}}{{define "b"}}{{end}}{{end}}', "unexpected <define> in command"],
    ['{{block "a"}}{{end}}', "missing value for block clause"],
    ["{{block a .}}{{end}}", 'unexpected "a" in block clause'],
    ["{{template}}", 'unexpected "}}" in template clause'],
    ["{{template .x}}", 'unexpected ".x" in template clause'],
    ['{{define "\\q"}}{{end}}', "invalid syntax"],
  ]);

  test("an undefined template is an error at execution, not at parsing", () => {
    expect(complaint('{{template "none"}}')).toBe('exec: template "none" not defined');
    expect(render('{{if false}}{{template "none"}}{{end}}')).toBe("");
  });
});

describe("nesting", () => {
  test("controls can be nested to any depth", () => {
    const depth = 5000;
    expect(render(`${"{{if 1}}{{with 2}}".repeat(depth)}{{.}}${"{{end}}{{end}}".repeat(depth)}`)).toBe("2");
    expect(render(`{{if 0}}${"{{else if 0}}".repeat(depth)}{{else}}x{{end}}`)).toBe("x");
  });

  test("parentheses can be nested 400 deep, but not deeper", () => {
    const nested = (depth: number) => `{{${"(print ".repeat(depth)}1${")".repeat(depth)}}}`;
    expect(render(nested(400))).toBe("1");
    expect(complaint(nested(401))).toBe("parse: parentheses nested too deeply");
    expect(complaint(nested(100_000))).toBe("parse: parentheses nested too deeply");
  });
});

test("an error contains its line and its byte offset in this line", () => {
  expect(failure("a\né {{.x\n | }")).toMatchObject({ kind: "parse", name: "t", line: 3, column: 4 });
  const error = failure("a\né {{index .x 1}}");
  expect(error).toMatchObject({ kind: "exec", name: "t", line: 2, column: 5 });
  expect(error.message).toBe(
    'template: t:2:5: executing "t" at <index .x 1>: error calling index: index of untyped nil',
  );
  expect(failure('{{define "in"}}{{len 1}}{{end}}{{template "in"}}').message).toContain('executing "in" at <len 1>');
});
