import { afterEach, describe, expect, it } from "vitest";
import type { MaandEvent } from "../../events.ts";
import type { Hooks } from "../../plugin-api/hooks.ts";
import type { Plugin } from "../../plugin-api/plugin.ts";
import type { EventReader, PrintedLines } from "../../printed-lines.ts";
import { LINE_CUT, LineSplitter } from "../../remote/lines.ts";
import { aBucket, type TestBucket } from "../../testing/index.ts";
import { type RunReporter, runReporter } from "../bucket.ts";

const buckets: TestBucket[] = [];

afterEach(() => {
  for (const bucket of buckets.splice(0)) bucket.dispose();
});

/** A plugin that receives in one call all lines that arrived together, and records them. */
function reader(name: string, got: (MaandEvent | PrintedLines)[]): Plugin {
  const read: EventReader = (event) => void got.push(event);
  read.readLines = (printed) => void got.push(printed);
  return { name, apply: ({ event }: Hooks) => event.tap(name, read) };
}

async function reporting(
  plugins: readonly Plugin[],
  work: (reporter: RunReporter) => Promise<void>,
): Promise<MaandEvent[]> {
  const bucket = aBucket({ plugins });
  buckets.push(bucket);
  bucket.workers("10.0.0.1");
  await bucket.build();
  const opened = await bucket.open();
  opened.mask.add("hunter2-secret");
  const before = bucket.events.length;
  await work(runReporter(opened, "test"));
  await opened.close();
  return bucket.events.slice(before).filter(({ type }) => type !== "run.started");
}

const linesIn = (got: readonly (MaandEvent | PrintedLines)[]) =>
  got.flatMap((one) => ("first" in one ? [one.lines] : []));

describe("lines that arrive together", () => {
  it("cause one call to a tap that reads lines, and one event per line for every other tap", async () => {
    const got: (MaandEvent | PrintedLines)[] = [];
    const events = await reporting([reader("lines", got)], async (reporter) => {
      const { log } = reporter.context({ worker: "10.0.0.1", job: "api" });
      for (const line of ["a", "b", "c"]) log(line);
    });
    expect(linesIn(got)).toEqual([["a", "b", "c"]]);
    const [first] = events;
    expect(events.map(({ seq }) => seq)).toEqual([0, 1, 2].map((number) => (first?.seq ?? 0) + number));
    expect(events).toMatchObject(
      ["a", "b", "c"].map((line) => ({ type: "output", line, stream: "stdout", worker: "10.0.0.1", job: "api" })),
    );
  });

  it("are reported before later events and in order with lines from other sources", async () => {
    const events = await reporting([], async (reporter) => {
      const api = reporter.context({ job: "api" });
      const db = reporter.context({ job: "db" });
      api.log("1");
      db.log("2");
      api.log("3", { stream: "stderr" });
      api.log("4");
      api.emit("acme.soaked");
      api.log("5");
    });
    expect(events.map((event) => (event.type === "output" ? event.line : event.type))).toEqual(
      ["1", "2", "3", "4", "plugin.event", "5"], //
    );
  });

  it("are masked as if each line had arrived alone", async () => {
    const lines = ["plain", "it is hunter2-secret.", `cut in hunter2${LINE_CUT}`, "plain"];
    const events = await reporting([], async (reporter) => {
      const { log } = reporter.context({});
      for (const line of lines) log(line);
    });
    expect(events.map((event) => event.type === "output" && event.line)).toEqual(
      ["plain", "it is ••••••.", `cut in ••••••${LINE_CUT}`, "plain"], //
    );
  });

  it("cause at most one call per packet when a worker sends 15 MB in 480 packets", async () => {
    const line = `${"x".repeat(79)}\n`;
    const packet = Buffer.from(line.repeat(400)).subarray(0, 31_250);
    const got: (MaandEvent | PrintedLines)[] = [];
    await reporting([reader("lines", got)], async (reporter) => {
      const { log } = reporter.context({ worker: "10.0.0.1" });
      const splitter = new LineSplitter((text) => log(text));
      for (let sent = 0; sent < 480; sent += 1) {
        splitter.push(packet);
        await Promise.resolve();
      }
      splitter.end();
    });
    expect(linesIn(got).length).toBeLessThanOrEqual(481);
    expect(linesIn(got).flat().join("").length).toBe(480 * packet.toString().replaceAll("\n", "").length);
  });
});
