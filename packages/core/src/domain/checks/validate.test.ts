import * as v from "valibot";
import { describe, expect, it } from "vitest";
import type { Problem } from "./problem.ts";
import { isRecord, locate, onlyObject, readWritten, salvage, shown, warnUnknownKeys, withHint } from "./validate.ts";

function read<S extends v.GenericSchema>(schema: S, value: unknown, key?: string) {
  const problems: Problem[] = [];
  const place = { file: "maand.conf", code: "invalid_conf", ...(key === undefined ? {} : { key }) };
  const result = readWritten(schema, value, place, (problem) => problems.push(problem));
  return { result, problems };
}

describe("readWritten", () => {
  it("returns a value that matches its schema", () => {
    expect(read(v.looseObject({ a: v.string() }), { a: "x", b: 1 })).toEqual({
      result: { a: "x", b: 1 },
      problems: [],
    });
  });

  it.each<[v.GenericSchema, unknown, string, string | undefined]>([
    [v.string(), 5, "must be text in quotes, but is 5", 'write "5"'],
    [v.string(), true, "must be text in quotes, but is true", 'write "true"'],
    [v.number(), "5", 'must be a number, but is "5"', "write 5, without quotes"],
    [v.number(), "five", 'must be a number, but is "five"', undefined],
    [v.boolean(), "true", 'must be true or false, but is "true"', "write true, without quotes"],
    [v.boolean(), 1, "must be true or false, but is 1", undefined],
    [v.array(v.string()), "a", 'must be a list, but is "a"', 'write ["a"]'],
    [v.picklist(["kv", "json"]), "jsn", 'must be "kv" or "json", but is "jsn"', 'did you mean "json"?'],
    [v.pipe(v.number(), v.minValue(1)), 0, "must be at least 1, but is 0", undefined],
    [v.pipe(v.number(), v.maxValue(9)), 10, "must be at most 9, but is 10", undefined],
    [v.pipe(v.number(), v.integer()), 0.5, "must be a whole number, but is 0.5", undefined],
    [v.pipe(v.string(), v.regex(/^a$/, "must be a")), "b", "must be a", undefined],
    [v.pipe(v.string(), v.regex(/^a$/, withHint("must be a", "write a"))), "b", "must be a", "write a"],
    [onlyObject(v.looseObject({})), [], "must be an object, but is an empty list", undefined],
    [onlyObject(v.record(v.string(), v.number()), "write {}"), null, "must be an object, but is null", "write {}"],
  ])("reports the expected and the actual value (case %#)", (schema, value, message, hint) => {
    const problem = { code: "invalid_conf", level: "error", where: "maand.conf", message };
    expect(read(schema, value)).toEqual({
      result: undefined,
      problems: [hint === undefined ? problem : { ...problem, hint }],
    });
  });

  it("reports the path of the key, with dots between keys and brackets around indexes", () => {
    const schema = v.looseObject({ a: v.array(v.looseObject({ b: v.string() })) });
    expect(read(schema, { a: [{ b: "x" }, {}] }).problems[0]).toMatchObject({
      where: "maand.conf: a[1].b",
      message: "is missing",
    });
    expect(read(schema, { a: [{}] }, "[3]").problems[0]?.where).toBe("maand.conf: [3].a[0].b");
  });

  it("accepts a value that is nested to any depth", () => {
    const deep = JSON.parse(`${"[".repeat(50_000)}${"]".repeat(50_000)}`);
    expect(read(v.unknown(), deep).problems).toEqual([]);
  });

  it("refuses reserved property names at any depth", () => {
    const { result, problems } = read(v.looseObject({}), JSON.parse('{"a": [{"__proto__": {}}], "constructor": 1}'));
    expect(result).toBeUndefined();
    expect(problems.map(({ where, message }) => [where, message])).toEqual([
      ["maand.conf: a[0].__proto__", '"__proto__" cannot be used as a name'],
      ["maand.conf: constructor", '"constructor" cannot be used as a name'],
    ]);
  });
});

describe("salvage", () => {
  const schema = v.looseObject({
    a: v.optional(v.string()),
    list: v.optional(v.array(v.string())),
    parts: v.optional(v.record(v.string(), v.looseObject({ n: v.number() }))),
  });
  it.each<[unknown, unknown]>([
    [{ a: "x" }, { a: "x" }],
    [{ a: 1, list: ["x"] }, { list: ["x"] }],
    [{ a: "x", list: ["x", 1] }, { a: "x" }],
    [{ parts: { good: { n: 1 }, bad: { n: "1" }, empty: {} } }, { parts: { good: { n: 1 } } }],
    [{ parts: 5, other: 1 }, { other: 1 }],
    [5, undefined],
  ])("returns the valid part of %j: %j", (value, expected) => expect(salvage(schema, value)).toEqual(expected));
});

describe("shown", () => {
  it.each<[unknown, string]>([
    ["a\n", '"a\\n"'],
    [1.5, "1.5"],
    [null, "null"],
    [true, "true"],
    [[], "an empty list"],
    [[1], "a list"],
    [{}, "an object"],
    ["x".repeat(100), `"${"x".repeat(56)}...`],
  ])("prints %j as %s", (value, text) => expect(shown(value)).toBe(text));
});

it("an unknown key is reported with the path of its parent", () => {
  const problems: Problem[] = [];
  warnUnknownKeys(
    { connect: 1, comand: 2, zzzz: 3 },
    ["$schema", "connect", "command"],
    "maand.conf",
    "timeouts",
    (problem) => problems.push(problem),
  );
  expect(problems.map(({ where, hint }) => [where, hint])).toEqual([
    ["maand.conf: timeouts.comand", 'did you mean "command"?'],
    ["maand.conf: timeouts.zzzz", "valid keys: connect, command"],
  ]);
});

it("a location names the file and the key, or the file alone", () => {
  expect(locate("a.json", "")).toBe("a.json");
  expect(locate("a.json", "b.c")).toBe("a.json: b.c");
});

it("isRecord accepts objects with keys, but not lists or null", () => {
  expect([{}, { a: 1 }].every(isRecord)).toBe(true);
  expect([null, undefined, [], "a", 1].some(isRecord)).toBe(false);
});
