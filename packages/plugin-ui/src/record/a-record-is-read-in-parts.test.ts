import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LogLine } from "../contract.ts";
import { eventsAfter } from "./events.ts";
import { logLines } from "./log.ts";
import { openRecord, type RecordFile, recordPath } from "./record-file.ts";
import { linesBefore, linesFrom } from "./record-lines.ts";

const RUN = "11111111-1111-4111-8111-111111111111";
let logs = "";

beforeEach(() => {
  logs = mkdtempSync(join(tmpdir(), "maand-record-"));
  mkdirSync(join(logs, "runs", RUN), { recursive: true });
});
afterEach(() => rmSync(logs, { recursive: true, force: true }));

/** Writes a record that is split into several files, and opens the record. */
function written(...parts: readonly string[]): RecordFile {
  const path = recordPath(logs, RUN);
  const last = parts.length - 1;
  for (const [at, text] of parts.entries()) writeFileSync(at === last ? path : `${path}-20260131T12000${at}000Z`, text);
  const record = openRecord(path);
  if (!record) throw new Error("the record does not exist");
  return record;
}

const event = (seq: number, type: string, more: object = {}) =>
  JSON.stringify({ seq, at: "2026-01-31T12:00:00.000Z", run: RUN, type, ...more });
const output = (seq: number, line: string, job = "api", worker = "w1") =>
  event(seq, "output", { line, stream: "stdout", worker, job });

describe("the lines of a record", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "ä", "€", " ", "\\"), maxLength: 40 });
  const parts = fc.array(fc.array(text, { maxLength: 6 }), { minLength: 1, maxLength: 4 });

  it("are the same whether the files are read forwards or backwards; an incomplete last line is skipped", () => {
    fc.assert(
      fc.property(parts, text, (lines, tail) => {
        const record = written(
          ...lines.map((some, at) => some.map((one) => `${one}\n`).join("") + (at === lines.length - 1 ? tail : "")),
        );
        const forward = [...linesFrom(record, 0)];
        const backward = [...linesBefore(record, record.size)].reverse();
        record.close();
        expect(forward.map((line) => line.text)).toEqual(lines.flat());
        expect(backward.filter((line) => line.text !== "")).toEqual(forward.filter((line) => line.text !== ""));
        rmSync(join(logs, "runs", RUN), { recursive: true });
        mkdirSync(join(logs, "runs", RUN));
      }),
      { numRuns: 60 },
    );
  });

  it("are returned completely even if a line is longer than one read", () => {
    const long = output(1, "x".repeat(700_000));
    const record = written(`${long}\n${output(2, "short")}\n`);
    expect([...linesFrom(record, 0)].map((line) => line.text.length)).toEqual([long.length, output(2, "short").length]);
    expect([...linesBefore(record, record.size)].map((line) => line.text.length)).toEqual([
      output(2, "short").length,
      long.length,
    ]);
    record.close();
  });
});

describe("the events of a record", () => {
  const many = Array.from({ length: 100 }, (_, at) =>
    at % 3 === 0 ? output(at + 1, "o") : event(at + 1, "job.skipped"),
  );

  it("each appear on exactly one page, with and without a cursor", () => {
    const record = written(`${many.slice(0, 40).join("\n")}\n`, `${many.slice(40).join("\n")}\n`);
    for (const keeps of [true, false]) {
      const seen: number[] = [];
      let page = eventsAfter(record, { after: 0, limit: 7, cursor: undefined });
      seen.push(...page.events.map(({ seq }) => seq));
      while (page.more) {
        page = eventsAfter(record, { after: page.last, limit: 7, cursor: keeps ? page.cursor : undefined });
        seen.push(...page.events.map(({ seq }) => seq));
      }
      expect(seen).toEqual(Array.from({ length: 100 }, (_, at) => at + 1).filter((seq) => seq % 3 !== 1));
    }
    record.close();
  });

  it.each([1, 55, 1e9, -1])("are all found despite an invalid cursor (%s)", (cursor) => {
    const record = written(`${many.join("\n")}\n`);
    const { events } = eventsAfter(record, { after: 10, limit: 3, cursor });
    record.close();
    expect(events.map(({ seq }) => seq)).toEqual([11, 12, 14]);
  });

  it("are marked as over only after run.finished", () => {
    const open = written(`${event(1, "run.started")}\n`);
    expect(eventsAfter(open, { after: 0, limit: 9, cursor: undefined })).toMatchObject({ last: 1, over: false });
    open.close();
    const over = written(`${event(1, "run.started")}\n${event(2, "run.finished")}\n`);
    expect(eventsAfter(over, { after: 0, limit: 9, cursor: undefined })).toMatchObject({ last: 2, over: true });
    expect(eventsAfter(over, { after: 2, limit: 9, cursor: undefined })).toMatchObject({ events: [], over: true });
    over.close();
  });

  it("continue after a line that was truncated by a full disk", () => {
    const record = written(
      `${event(1, "run.started")}\n${event(2, "job.skipped").slice(0, 30)}\n${event(3, "job.skipped")}\n`,
    );
    expect(eventsAfter(record, { after: 0, limit: 9, cursor: undefined }).events.map(({ seq }) => seq)).toEqual([1, 3]);
    record.close();
  });
});

describe("the log of a record", () => {
  const all = Array.from({ length: 500 }, (_, at) =>
    at % 10 === 0
      ? event(at + 1, "health.checked")
      : output(at + 1, `line ${at}`, at % 2 ? "api" : "web", `w${at % 3}`),
  );

  it("opens at its end, and returns every line once when read backwards", () => {
    const record = written(`${all.slice(0, 200).join("\n")}\n`, `${all.slice(200).join("\n")}\n`);
    const wanted = { job: undefined, worker: undefined, after: undefined, limit: 33 };
    const found: LogLine[] = [];
    let page = logLines(record, { ...wanted, before: undefined });
    expect(page.lines.at(-1)?.text).toBe("line 499");
    found.unshift(...page.lines);
    while (page.before !== null) {
      page = logLines(record, { ...wanted, before: page.before });
      found.unshift(...page.lines);
    }
    record.close();
    expect(found.map(({ seq }) => seq)).toEqual(all.flatMap((text, at) => (text.includes('"output"') ? [at + 1] : [])));
  });

  it("can be limited to one job on one worker", () => {
    const record = written(`${all.join("\n")}\n`);
    const { lines } = logLines(record, { job: "api", worker: "w1", before: undefined, after: undefined, limit: 5 });
    record.close();
    expect(lines.map(({ job, worker }) => `${job}@${worker}`)).toEqual(Array(5).fill("api@w1"));
    expect(lines.map(({ seq }) => seq)).toEqual([...lines.map(({ seq }) => seq)].sort((a, b) => a - b));
  });

  it("returns a new line only once the line is complete", () => {
    const wanted = { job: undefined, worker: undefined, before: undefined, limit: 10 };
    const begun = written(`${output(1, "one")}\n${output(2, "two").slice(0, 20)}`);
    const { after, lines } = logLines(begun, { ...wanted, after: undefined });
    begun.close();
    expect(lines.map(({ text }) => text)).toEqual(["one"]);
    const grown = written(`${output(1, "one")}\n${output(2, "two")}\n`);
    expect(logLines(grown, { ...wanted, after }).lines.map(({ text }) => text)).toEqual(["two"]);
    grown.close();
  });
});
