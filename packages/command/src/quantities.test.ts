import { expect, it } from "vitest";
import { duration } from "./quantities.ts";

it.each([
  [999, "999ms"],
  [1_500, "1.5s"],
  [59_960, "1m00s"],
  [119_600, "2m00s"],
  [185_000, "3m05s"],
])("%i milliseconds are printed as %s", (ms, text) => {
  expect(duration(ms)).toBe(text);
});
