import { expect, it } from "vitest";
import { anEvent } from "../testing/index.ts";
import { LogRecords } from "./records.ts";

/** Scripts search the log for these words, because the earlier maand, which was written in Go, printed them. */
it("a job without changes is logged with the words of the earlier maand and with the reason", () => {
  const skipped = anEvent("job.skipped", { job: "api", reason: "already promoted on all allocations" });
  expect(new LogRecords().of(skipped)).toMatchObject({
    event: "deploy_skip",
    worker: "-",
    job: "api",
    reason: "already_promoted",
    msg: "already promoted on all allocations",
  });
});

it.each([
  [true, null, 0, ""],
  [false, "update_seq is 1 on the worker, expected 2", 1, "update_seq is 1 on the worker, expected 2"],
])(
  "the check of a worker before a manual command is logged with phase and action (passed: %s)",
  (ok, message, exit, msg) => {
    const checked = anEvent("worker.checked", { worker: "10.0.0.1", ok, message, duration_ms: 3 });
    expect(new LogRecords().of(checked)).toMatchObject({
      event: "command_end",
      worker: "10.0.0.1",
      phase: "validate",
      action: "worker_sync",
      exit,
      duration_ms: 3,
      msg,
    });
  },
);
