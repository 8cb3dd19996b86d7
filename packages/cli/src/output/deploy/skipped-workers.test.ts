import type { ControlResult } from "@maand/core/internal";
import { expect, it } from "vitest";
import { skippedWorkerLines } from "./skipped-workers.ts";

const result = (job: string, host: string, outcome: ControlResult["outcome"]): ControlResult => ({
  ...{ job, host, outcome, exit: null, stdout: "", stderr: "", durationMs: 0 },
  message: outcome === "skipped" ? "an earlier batch failed" : null,
});

it("skipped workers are listed on one line per job", () => {
  expect(
    skippedWorkerLines([
      result("api", "10.0.0.1", "failed"),
      result("api", "10.0.0.2", "skipped"),
      result("web", "10.0.0.1", "skipped"),
      result("api", "10.0.0.3", "skipped"),
    ]),
  ).toEqual([
    "skipped api on 10.0.0.2, 10.0.0.3: an earlier batch failed",
    "skipped web on 10.0.0.1: an earlier batch failed",
  ]);
});
