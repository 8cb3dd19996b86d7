import { expect, it } from "vitest";
import { allowedCount } from "./share.ts";

it.each([
  ["0", 10, 0],
  ["3", 10, 3],
  ["10%", 10, 1],
  ["10%", 19, 1],
  ["100%", 7, 7],
  ["0%", 7, 0],
  ["101%", 7, undefined],
  ["-1", 7, undefined],
  ["some", 7, undefined],
  ["", 7, undefined],
])("the number that %j allows of %i workers is %s", (text, total, allowed) => {
  expect(allowedCount(text, total)).toBe(allowed);
});
