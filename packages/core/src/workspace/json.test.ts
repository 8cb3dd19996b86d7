import { describe, expect, it } from "vitest";
import { keyLines } from "../domain/checks/duplicate-keys.ts";
import type { Problem } from "../domain/checks/problem.ts";
import { parseJson } from "./json.ts";

function messageOf(text: string): string[] {
  const problems: Problem[] = [];
  expect(parseJson(text, "a.json", "invalid", (problem) => problems.push(problem))).toBeUndefined();
  return problems.map(({ where, message }) => `${where} ${message}`);
}

describe("invalid JSON", () => {
  it.each([
    ['{\n  "version": abc,\n  "selectors": []\n}\n', "a.json:2:14 is not JSON: Unexpected token 'a'"],
    ['[\n  {"host": "10.0.0.1"},,\n  {"host": "10.0.0.2"}\n]\n', "a.json:2:24 is not JSON: Unexpected token ','"],
    ['[\n  // no comments\n  "a"\n]\n', "a.json:2:3 is not JSON: Unexpected token '/'"],
    ['\uFEFF[\n  "a",\n]\n', "a.json:3:1 is not JSON: Unexpected token ']'"],
    ["nope\n", "a.json:1:2 is not JSON: Unexpected token 'o'"],
    ["[1,,2]", "a.json:1:4 is not JSON: Unexpected token ','"],
    ['{"a": tru}', "a.json:1:10 is not JSON: Unexpected token '}'"],
    ["", "a.json:1:1 is not JSON: Unexpected end of JSON input"],
    ['{\n  "a": [1', "a.json:2:10 is not JSON: "],
    ['{"version": 1.0.0}', "a.json:1:16 is not JSON: "],
  ])("is reported with the position of the error in %j", (text, place) => {
    expect(messageOf(text)).toEqual([expect.stringContaining(place)]);
  });

  it("is reported on one line, whatever text surrounds the error", () => {
    const [output] = messageOf(`{\n  "a": 1,\n  "b": "x" "\n\n" ${"y ".repeat(50)}\n}`);
    expect(output).not.toContain("\n");
  });

  it("is reported with the position of the error in a large text", () => {
    const text = `[${"1, ".repeat(200_000)}\n x]`;
    expect(messageOf(text)).toEqual(["a.json:2:2 is not JSON: Unexpected token 'x'"]);
  });
});

describe("a duplicate key", () => {
  function found(text: string): string[] {
    const problems: Problem[] = [];
    expect(parseJson(text, "a.json", "invalid", (problem) => problems.push(problem))).toEqual(JSON.parse(text));
    return problems.map(({ where, message, level }) => `${level} ${where} ${message}`);
  }

  it.each<[string, string[]]>([
    ['{"a": 1, "b": {"a": 1}, "c": ["a", "a"]}', []],
    ['{"a": "\\"a\\": 1, \\"a\\":", "b": "x\\\\"}', []],
    ['{\n  "a": 1,\n  "a": 2\n}', ['error a.json:3:3: a "a" is written twice, first on line 2']],
    ['{"jobs": [{"x": 1}, {"x": 1,\n"x": 2}]}', ['error a.json:2:1: jobs[1].x "x" is written twice, first on line 1']],
    ['{"a": 1, "\\u0061": 2}', ['error a.json:1:10: a "a" is written twice, first on line 1']],
    ['{"a": 1, "a": 2, "a": 3}', [expect.stringContaining(":1:10"), expect.stringContaining(":1:18")]],
    ['{"__proto__": 1, "__proto__": 2}', [expect.stringContaining("__proto__")]],
  ])("is reported for each object that has one in %j", (text, expected) => expect(found(text)).toEqual(expected));

  it("is found at any depth, and reported with a shortened path", () => {
    const problems: Problem[] = [];
    const text = `${"[".repeat(5000)}{"a": 1, "a": 2}${"]".repeat(5000)}`;
    parseJson(text, "a.json", "invalid", (problem) => problems.push(problem));
    expect(problems.map(({ where }) => where)).toEqual([
      expect.stringMatching(/^a\.json:1:5010: \.\.\..{0,100}\[0\]\.a$/),
    ]);
  });

  it("is found after many objects and after a very long string", () => {
    const many = '{"host": "10.0.0.1", "labels": ["a", "b"]},'.repeat(10_000);
    const long = `${"x".repeat(20_000_000)}${"\\\\n\\\\".repeat(100_000)}`;
    expect(found(`[${many}{"long": "${long}", "a": 1,\n "a": 2}]`)).toEqual([
      'error a.json:2:2: [10000].a "a" is written twice, first on line 1',
    ]);
  });
});

describe("keyLines", () => {
  const text =
    '[\n  {\n    "host": "a",\n    "tags": { "zone": "x",\n "app.conf": [1, { "y": 2 }] }\n  },\n  { "host": "b" }\n]\n';

  it.each<[string, number | undefined]>([
    ["[0]", 2],
    ["[0].host", 3],
    ["[0].tags.zone", 4],
    ["[0].tags.app.conf", 5],
    ["[0].tags.app.conf[1].y", 5],
    ["[1].host", 7],
    ["[1].memory", 7],
    ["[0].tags.none", 4],
    ["", undefined],
    ["none", undefined],
  ])("finds the key %j on line %s", (key, line) => expect(keyLines(text)(key)).toBe(line));
});
