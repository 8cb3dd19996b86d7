import * as v from "valibot";
import { expect, it } from "vitest";
import { fingerprint } from "./fingerprint.ts";

const made = (description: string, pattern = /^a+$/) =>
  v.object({ a: v.optional(v.pipe(v.string(), v.regex(pattern), v.description(description))) });

it("the fingerprint of equal schemas is equal, and changes with any text, pattern or function in them", () => {
  expect(fingerprint(made("x"))).toBe(fingerprint(made("x")));
  expect(fingerprint(made("x"))).not.toBe(fingerprint(made("y")));
  expect(fingerprint(made("x", /b/))).not.toBe(fingerprint(made("x", /c/)));
  expect(fingerprint(v.custom((value) => value === 1))).not.toBe(fingerprint(v.custom((value) => value === 2)));
});

it("a circular value has a fingerprint", () => {
  const loop: Record<string, unknown> = { sets: new Set([1n]) };
  loop.self = loop;
  expect(fingerprint(loop)).toMatch(/^[0-9a-f]{16}$/);
});
