import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { agrees, runCase, type Vectors } from "./run.test.support.ts";

const file = new URL("../../vectors/gotemplate.json", import.meta.url);
const vectors: Vectors = JSON.parse(readFileSync(file, "utf8"));

describe("the result equals Go's text/template", () => {
  test.each(vectors.cases.map((one) => [`${one.group}: ${one.name}`, one] as const))("%s", (_, one) => {
    const outcome = runCase(vectors, one);
    expect(outcome, one.template).toMatchObject(one.error ? { error: one.error } : { output: one.want ?? "" });
    expect(agrees(one, outcome)).toBe(true);
  });
});
