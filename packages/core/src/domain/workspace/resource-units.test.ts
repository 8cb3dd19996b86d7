import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCpu, parseMemory, plainDecimal } from "./resource-units.ts";

fc.configureGlobal({ seed: 1 });

describe("an amount of a resource", () => {
  it.each([
    ["", 0],
    ["  ", 0],
    ["256", 256],
    ["512 mb", 512],
    ["512MB", 512],
    [" 1.5   Gb ", 1536],
    ["2.1 gb", 2150.4],
    ["1 tb", 1_048_576],
    ["0 mb", 0],
  ])("%j is read as %d MB of memory", (text, megabytes) => expect(parseMemory(text)).toBe(megabytes));

  it.each([
    ["", 0],
    ["1000", 1000],
    ["500 mhz", 500],
    ["2 GHz", 2000],
    ["1.1ghz", 1100],
    ["1 thz", 1_000_000],
  ])("%j is read as %d MHz of cpu", (text, megahertz) => expect(parseCpu(text)).toBe(megahertz));

  it.each([
    "NaN",
    "inf",
    "Infinity",
    "1e3",
    "-5",
    "-5 mb",
    "+5 mb",
    "1,5 gb",
    ".5 gb",
    "1. gb",
    "0x10",
    "5 kb",
    "5 MiB",
    "2 cores",
    "mb",
    "5 mb mb",
    "5 constructor",
    "1234567890123 mb",
  ])("cannot be %j", (text) => {
    expect(parseMemory(text)).toBeUndefined();
    expect(parseCpu(text)).toBeUndefined();
  });

  it("cannot have a unit of another resource", () => {
    expect(parseMemory("5 mhz")).toBeUndefined();
    expect(parseCpu("5 mb")).toBeUndefined();
  });

  it("is the same number in every unit", () => {
    expect(parseCpu("4.35 ghz")).toBe(parseCpu("4350 mhz"));
    expect(parseMemory("0.3 gb")).toBe(parseMemory("307.2 mb"));
  });
});

describe("plainDecimal", () => {
  it.each([
    [0, "0"],
    [1_048_576, "1048576"],
    [2_000_000, "2000000"],
    [2150.4, "2150.4"],
    [102.4 * 3, "307.2"],
    [0.0000001, "0"],
    [0.5, "0.5"],
    [1e18, "1000000000000000000"],
  ])("prints %d as %s", (value, text) => expect(plainDecimal(value)).toBe(text));

  it("prints any parsed amount without an exponent, and the text parses to the same value", () => {
    const amount = fc.tuple(fc.nat(), fc.nat({ max: 999 }), fc.constantFrom("mb", "gb", "tb"));
    fc.assert(
      fc.property(amount, ([whole, part, unit]) => {
        const read = parseMemory(`${whole}.${part} ${unit}`) ?? -1;
        expect(plainDecimal(read)).toMatch(/^\d+(\.\d{1,6})?$/);
        if (read < 1e9) expect(parseMemory(plainDecimal(read))).toBe(read);
      }),
    );
  });
});
