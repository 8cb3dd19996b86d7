import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { driftMetrics } from "./drift-metrics.ts";
import { expositionText } from "./exposition.ts";

const NOW = new Date("2026-01-31T12:00:00Z");

function check(text: string): void {
  execFileSync("promtool", ["check", "metrics"], { input: text, stdio: ["pipe", "pipe", "inherit"] });
}

it("special characters in metrics are escaped, and promtool accepts the text", () => {
  const text = expositionText([
    {
      name: "maand_test",
      help: 'a "quoted" \\ help\nof two lines',
      values: [{ labels: { job: 'a"b\\c\nd' }, value: 1 }],
    },
    { name: "maand_none", help: "none", values: [] },
  ]);
  expect(text).toBe(
    '# HELP maand_test a "quoted" \\\\ help\\nof two lines\n# TYPE maand_test gauge\nmaand_test{job="a\\"b\\\\c\\nd"} 1\n',
  );
  check(text);
});

it("a worker that could not be inspected has no drift metrics", () => {
  const none = { isLost: false, metadata: [], jobs: [] };
  const job = { job: "api", isGone: false, hasMore: false, diffs: new Map(), repairs: 0 };
  const text = driftMetrics(
    {
      workers: [
        {
          ...none,
          host: "10.0.0.1",
          state: "drifted",
          jobs: [
            { ...job, state: "drifted", files: [{ path: "a", change: "changed" }] },
            { ...job, job: "web", state: "not_compared", files: [] },
          ],
        },
        { ...none, host: "10.0.0.2", state: "unreachable", problem: { outcome: "unreachable", message: "no route" } },
      ],
      pending: [{ job: "api", host: "10.0.0.1", action: "restart", reason: "changed" }],
      isDrifted: true,
      isIncomplete: true,
    },
    NOW,
  );
  check(text);
  expect(text.split("\n").filter((line) => !line.startsWith("#"))).toEqual([
    'maand_worker_inspected{worker="10.0.0.1"} 1',
    'maand_worker_inspected{worker="10.0.0.2"} 0',
    'maand_worker_drifted{worker="10.0.0.1"} 1',
    'maand_drifted_files{job="api",worker="10.0.0.1"} 1',
    'maand_drift_pending_changes{job="api"} 1',
    `maand_drift_last_run_timestamp_seconds ${NOW.getTime() / 1000}`,
    "",
  ]);
});
