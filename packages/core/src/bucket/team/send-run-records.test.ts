import { expect, it } from "vitest";
import { MOST_SENT, RunRecordSender } from "./send-run-records.ts";

const LINE = "x".repeat(1000);

/** A database that stores a part only when the test calls its `store`. */
function slowDatabase() {
  const parts: { readonly lines: string; readonly store: () => void }[] = [];
  return {
    parts,
    records: {
      send: (_run: string, _seq: number, lines: string) =>
        new Promise<void>((store) => void parts.push({ lines, store })),
      finish: () => undefined,
    },
  };
}

it("a command that prints faster than the database stores lines waits for the database and loses no line", async () => {
  const { parts, records } = slowDatabase();
  const sender = new RunRecordSender(records, 10);
  let added = 0;
  for (; sender.backPressure() === undefined; added += 1) sender.add("r", "maand.log", LINE);
  const sent = parts.reduce((sum, { lines }) => sum + lines.length, 0);
  expect(sent).toBeLessThan(MOST_SENT * 1.5);
  const caughtUp = sender.backPressure();
  for (const { store } of parts) store();
  await caughtUp;
  expect(sender.backPressure()).toBeUndefined();
  expect(parts.flatMap(({ lines }) => JSON.parse(lines)).length).toBe(added);
  sender.close();
});

it("a timer keeps the process alive while a command waits for the database", async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const { parts, records } = slowDatabase();
  const sender = new RunRecordSender(records, 10);
  while (sender.backPressure() === undefined) sender.add("r", "maand.log", LINE);
  const waiting = timers();
  const caughtUp = sender.backPressure();
  for (const { store } of parts) store();
  await caughtUp;
  expect(timers()).toBe(waiting - 1);
  sender.close();
});
