import { expect, it } from "vitest";
import { errorText } from "./errors.ts";

it("an error's text contains no colour codes, which parsers add on a terminal and in CI", () => {
  expect(errorText(new SyntaxError("\u001b[31mExpected\u001b[39m a comma"))).toBe("Expected a comma");
});
