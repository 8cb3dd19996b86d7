import { describe, expect, it } from "vitest";
import type { Problem } from "../domain/checks/problem.ts";
import { parseJson } from "./json.ts";

function told(text: string): string[] {
  const problems: Problem[] = [];
  expect(parseJson(text, "a.json", "invalid", (problem) => problems.push(problem))).toBeUndefined();
  return problems.map(({ where, message }) => `${where} ${message}`);
}

describe("a text that is not JSON is told by the place where it breaks", () => {
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
  ])("%j", (text, place) => {
    expect(told(text)).toEqual([expect.stringContaining(place)]);
  });

  it("says it on one line, whatever stands around that place", () => {
    const [output] = told(`{\n  "a": 1,\n  "b": "x" "\n\n" ${"y ".repeat(50)}\n}`);
    expect(output).not.toContain("\n");
  });

  it("finds the place in a large text at once", () => {
    const text = `[${"1, ".repeat(200_000)}\n x]`;
    const before = performance.now();
    expect(told(text)).toEqual(["a.json:2:2 is not JSON: Unexpected token 'x'"]);
    expect(performance.now() - before).toBeLessThan(2000);
  });
});
