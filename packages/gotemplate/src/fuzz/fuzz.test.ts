import { expect, test } from "vitest";
import { fuzz } from "./run.test.support.ts";

test("every template renders or fails with a TemplateError, in bounded time", () => {
  const summary = fuzz(4000, 20_240_607);
  expect(summary.broken).toEqual([]);
  expect(summary.rendered).toBeGreaterThan(400);
  expect(summary.parseErrors).toBeGreaterThan(400);
  expect(summary.execErrors).toBeGreaterThan(400);
});
