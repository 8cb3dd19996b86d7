import { expect, it } from "vitest";
import { negativesBound } from "./globals.ts";

it("a negative number is the value of the flag before it", () => {
  expect(negativesBound(["gc", "--retain-days", "-3"])).toEqual(["gc", "--retain-days=-3"]);
  expect(negativesBound(["logs", "show", "--tail", "-1", "--json"])).toEqual(["logs", "show", "--tail=-1", "--json"]);
});

it("short flags, words, and everything after -- are not changed", () => {
  for (const argv of [
    ["logs", "-q", "-C", "x"],
    ["run_command", "--", "--lines", "-3"],
    ["job", "-3"],
  ])
    expect(negativesBound(argv)).toEqual(argv);
});
