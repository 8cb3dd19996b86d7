import { styleFor } from "@maand/command";
import { expect, it } from "vitest";
import { actionStarted, eventsOf, workers } from "../progress/events.test.support.ts";
import { HELD_CHARACTERS, OutputFolds } from "./output-folds.ts";

const LINES = 50;
const TEXT = "x".repeat(1000);

it("output that is held for many workers is printed once it exceeds a limit, and no line is lost", () => {
  const hosts = workers(400);
  const folds = new OutputFolds(styleFor({}, {}, true));
  let printed = 0;
  const events = eventsOf((at) => {
    for (const worker of hosts) actionStarted(at, 0, "restart", "api", worker);
    for (let line = 0; line < LINES; line += 1)
      for (const worker of hosts) at(1, "output", { line: `${line} ${TEXT}`, stream: "stdout", worker, job: "api" });
  });
  for (const event of events) printed += folds.add(event, event.type === "output" ? [event.line] : []).length;
  const all = LINES * hosts.length;
  expect((all - printed) * TEXT.length).toBeLessThanOrEqual(HELD_CHARACTERS);
  expect(printed + folds.release().length).toBe(all);
});
