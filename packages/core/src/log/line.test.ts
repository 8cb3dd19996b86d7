import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type LogFields, logLine, logLines, readLogLine, timeOf } from "./line.ts";

const TS = "2026-11-25T20:55:22.167Z";

describe("a log line", () => {
  it("has known keys in a fixed order, then other keys sorted by name, and no empty keys", () => {
    const fields = { zone: "z", msg: "m", exit: 0, alpha: "a", worker: "w", ts: TS, reason: "", level: "INFO" };
    expect(logLine(fields, "kv")).toBe(`ts=${TS} level=INFO worker=w exit=0 msg=m alpha=a zone=z`);
    expect(logLine(fields, "json")).toBe(
      `{"ts":"${TS}","level":"INFO","worker":"w","exit":0,"msg":"m","alpha":"a","zone":"z"}`,
    );
  });

  it.each([
    ["a b", '"a b"'],
    ["a=b", '"a=b"'],
    ['say "x"', String.raw`"say \"x\""`],
    [String.raw`y\z`, String.raw`"y\\z"`],
    ["one\ntwo\t3", String.raw`"one\ntwo\t3"`],
    ["\u001b[2J", String.raw`"\u001b[2J"`],
    ["plain/10.0.0.1:80", "plain/10.0.0.1:80"],
  ])("contains the value %j as %s, and is parsed back", (value, written) => {
    const line = logLine({ ts: TS, msg: value }, "kv");
    expect(line).toBe(`ts=${TS} msg=${written}`);
    expect(readLogLine(line)).toEqual({ ts: TS, msg: value });
  });

  it("is a single line in both formats, whatever its content, and is parsed back unchanged", {
    timeout: 30_000,
  }, () => {
    const text = fc.string({ unit: "binary", minLength: 1, maxLength: 60 });
    const names = fc.constantFrom("msg", "job", "cmd", "zone", "a_b", "reason");
    fc.assert(
      fc.property(
        fc.dictionary(names, text),
        fc.integer(),
        fc.constantFrom("kv" as const, "json" as const),
        (output, exit, format) => {
          const fields: LogFields = { ts: TS, exit, ...output };
          const line = logLine(fields, format);
          expect(line).not.toMatch(/\p{Cc}/u);
          expect(readLogLine(line)).toEqual(fields);
          expect(timeOf(line)).toBe(TS);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("is truncated if it is ten megabytes long", () => {
    const line = logLine({ ts: TS, msg: "x".repeat(10_000_000) }, "kv");
    expect(line.length).toBeLessThan(9000);
    expect(line).toContain("[line cut]");
  });

  it.each(["", "half a", "ts=", 'ts="2026', "{", "[1]", "=x", "\u0000\u0001"])("cannot be parsed from %j", (text) => {
    expect(readLogLine(text)).toBeUndefined();
  });
});

describe("log lines that were printed together", () => {
  const pieces = [
    "a",
    "b1",
    " ",
    "=",
    '"',
    "\\",
    "\n",
    "\t",
    "\u001b",
    "\u0085",
    "\u2028",
    "é",
    "日",
    "🙂",
    "x".repeat(9000),
  ];
  const message = fc.array(fc.constantFrom(...pieces), { maxLength: 6 }).map((all) => all.join(""));

  it.each(["kv", "json"] as const)("equal lines that were printed one by one (%s)", (format) => {
    const others = fc.record({ job: message, id: message }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 8 }), others, (messages, more) => {
        const fields = { ts: TS, worker: "10.0.0.1", stream: "stdout", ...more };
        const alone = messages.map((msg) => logLine({ ...fields, msg }, format));
        expect(logLines({ ...fields, msg: messages[0] ?? "" }, messages, format)).toEqual(alone);
      }),
      { numRuns: 200 },
    );
  });
});
