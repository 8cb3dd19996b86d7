import { expect, test } from "vitest";
import { unescaped } from "./stage.ts";

test.each([
  ["jobs/api/plain", "jobs/api/plain"],
  [String.raw`a\#012b`, "a\nb"],
  [String.raw`\#303\#274`, "ü"],
  [String.raw`\#134#012`, String.raw`\#012`],
  ["ü\\b", "ü\\b"],
])("the name that rsync prints as %j is decoded as %j", (printed, name) => {
  expect(unescaped(printed)).toBe(name);
});
