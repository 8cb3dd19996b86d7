import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { quote } from "./quote.ts";
import { unquote } from "./unquote.ts";
import { byteLength, compareText, fromBytes, joinSurrogates, toBytes, wellFormed } from "./utf8.ts";

const SEED = { seed: 7 };
const bytes = fc.uint8Array({ maxLength: 40 });
const text = fc.string({ unit: "binary", maxLength: 40 });

describe("text as bytes", () => {
  test("any bytes can be converted to text and back", () => {
    fc.assert(
      fc.property(bytes, (some) => {
        expect([...toBytes(fromBytes(some))]).toEqual([...some]);
      }),
      SEED,
    );
  });

  test("valid UTF-8 is decoded as in JavaScript", () => {
    fc.assert(
      fc.property(text, (some) => {
        const encoded = new TextEncoder().encode(some);
        expect([...toBytes(some)]).toEqual([...encoded]);
        expect(byteLength(some)).toBe(encoded.length);
        expect(fromBytes(encoded)).toBe(some);
      }),
      SEED,
    );
  });

  test("texts are compared by their bytes", () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareText(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
      }),
      SEED,
    );
    expect(compareText("\uFFFF", "😀")).toBeLessThan(0);
    expect(compareText("😀a", "😁")).toBeLessThan(0);
  });

  test("adjacent surrogate halves form a character, and a lone half is shown as U+FFFD", () => {
    const [whole, half] = [toBytes("é"), toBytes("é").subarray(0, 1)];
    expect(joinSurrogates(fromBytes(whole, 0, 1) + fromBytes(whole, 1, 2))).toBe("é");
    expect(wellFormed(`a${fromBytes(half)}b`)).toBe("a\uFFFDb");
    expect(wellFormed("\uD800")).toBe("\uFFFD");
  });
});

test("a quoted text parses to the same text", () => {
  fc.assert(
    fc.property(bytes, (some) => {
      const original = fromBytes(some);
      expect(unquote(quote(original))).toBe(original);
      expect(unquote(quote(original, '"', true))).toBe(original);
    }),
    SEED,
  );
});
