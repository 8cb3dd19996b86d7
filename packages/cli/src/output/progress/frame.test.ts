import { readFileSync } from "node:fs";
import { styleFor } from "@maand/command";
import type { MaandEvent } from "@maand/core";
import { describe, expect, it } from "vitest";
import { eventsOf, START, started, workers } from "./events.test.support.ts";
import { fold, interrupted } from "./fold.ts";
import { frame } from "./frame.ts";
import { glyphsFor, type Look } from "./look.ts";
import { NOTHING_YET, type Progress } from "./model.ts";
import { failingBatch, firstDeploy, hangingWorker, manyWorkers, type Scene } from "./scenes.test.support.ts";
import { widthOf } from "./text-width.ts";

const WIDTHS = [40, 80, 110, 200];
const ROWS = 24;
const style = styleFor({}, {}, true);

function look(columns: number, rows = ROWS, env: Record<string, string> = { LANG: "C.UTF-8", TERM: "xterm" }): Look {
  return { columns, rows, style, glyphs: glyphsFor(env) };
}

function folded(events: readonly MaandEvent[]): Progress {
  return events.reduce(fold, NOTHING_YET);
}

function shown(model: Progress, seconds: number, widths: readonly number[] = WIDTHS): string {
  return widths
    .map((columns) => [`== ${columns} columns`, ...frame(model, look(columns), START + seconds * 1000), ""].join("\n"))
    .join("\n");
}

describe("a frame", () => {
  const scenes: Readonly<Record<string, () => Scene>> = { firstDeploy, failingBatch, hangingWorker, manyWorkers };
  const files: Readonly<Record<string, string>> = {
    firstDeploy: "first-deploy",
    failingBatch: "failing-batch",
    hangingWorker: "hanging-worker",
    manyWorkers: "300-workers",
  };

  for (const [name, scene] of Object.entries(scenes))
    it(`of ${files[name]} matches its golden file`, async () => {
      const { events, seconds } = scene();
      await expect(shown(folded(events), seconds)).toMatchFileSnapshot(`goldens/${files[name]}.txt`);
    });

  it("shows the steps that maand waits for after Ctrl-C", async () => {
    const { events } = hangingWorker();
    await expect(shown(interrupted(folded(events)), 66)).toMatchFileSnapshot("goldens/interrupted.txt");
  });

  it("of a recorded run matches its golden file at each tenth of the run", async () => {
    const file = new URL("goldens/recorded-run.ndjson", import.meta.url);
    const events: MaandEvent[] = readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const at = Date.parse(events[0]?.at ?? "");
    const frames = Array.from({ length: 10 }, (_, tenth) => {
      const some = events.slice(0, Math.ceil((events.length * (tenth + 1)) / 10));
      const now = Date.parse(some.at(-1)?.at ?? "");
      return [`== after ${some.length} events`, ...frame(folded(some), look(80), Math.max(at, now)), ""].join("\n");
    });
    await expect(frames.join("\n")).toMatchFileSnapshot("goldens/recorded-run.txt");
  });

  it("is plain ASCII without a UTF-8 locale and on the Linux console", () => {
    const { events, seconds } = failingBatch();
    for (const env of [{ LANG: "C" }, {}, { LANG: "C.UTF-8", TERM: "linux" }])
      expect(
        frame(folded(events), look(80, ROWS, env), START + seconds * 1000)
          .join("\n")
          .replace("接続", ""),
      ).toMatch(/^[\x20-\x7e\n]*$/);
  });

  it("leaves one row and one column of the terminal free, if the terminal has more than one", () => {
    for (const scene of Object.values(scenes)) {
      const { events, seconds } = scene();
      const model = interrupted(folded(events));
      for (const rows of [1, 2, 3, 4, 5, 7, 10, 24, 60, 400])
        for (const columns of [1, 5, 12, 20, 33, 40, 80, 300]) {
          const lines = frame(model, look(columns, rows), START + seconds * 1000);
          expect(lines.length).toBeGreaterThan(0);
          expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 1));
          expect(lines.filter((line) => widthOf(line) > Math.max(1, columns - 1))).toEqual([]);
        }
    }
  });

  it("has no rows once the run is over", () => {
    expect(frame({ ...folded(firstDeploy().events), isOver: true }, look(80), START)).toEqual([]);
  });

  it("contains no control characters from a worker", () => {
    const { events, seconds } = failingBatch();
    expect(frame(folded(events), look(200), START + seconds * 1000).join("")).not.toMatch(/\p{Cc}/u);
  });
});

describe("the progress model", () => {
  it("keeps a limited number of output lines", () => {
    const events = eventsOf((at) => {
      started(at);
      for (let line = 0; line < 5000; line += 1)
        at(1, "output", { line: `line ${line}`, stream: "stdout", worker: "10.0.0.1", job: "api" });
    });
    expect(folded(events).output.get("api@10.0.0.1")).toHaveLength(12);
  });

  it("drops the output of a step that succeeded, and keeps the output of a step that failed", () => {
    const model = folded(failingBatch().events);
    expect(model.output.size).toBe(0);
    expect(model.failures).toHaveLength(1);
    expect(model.failures[0]?.workers).toEqual(["10.0.0.3", "10.0.0.4"]);
    expect(model.failures[0]?.lines).toContain("    connect(dsn)");
  });

  it("counts the failures beyond the number that it keeps", () => {
    const events = eventsOf((at) => {
      started(at);
      for (const worker of workers(100))
        at(1, "worker.failed", { worker, outcome: "unreachable", message: `reason of ${worker}`, hint: null });
    });
    const { failures, moreFailures } = folded(events);
    expect([failures.length, moreFailures]).toEqual([20, 80]);
  });
});
