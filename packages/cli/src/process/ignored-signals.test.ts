import { expect, it } from "vitest";
import { ignoredSignals } from "./ignored-signals.ts";

it.each([
  ["none", "0000000000000000", []],
  ["SIGHUP, as with nohup", "0000000000000001", ["SIGHUP"]],
  ["SIGINT, as in the background of a script", "0000000000000006", ["SIGINT"]],
  ["SIGINT and SIGHUP, among others", "0000000001001003", ["SIGINT", "SIGHUP"]],
  ["SIGTERM", "0000000000004000", ["SIGTERM"]],
  ["no mask", undefined, []],
  ["an invalid mask", "yes", []],
])("ignoredSignals returns the signals that are ignored at the start: %s", (_, mask, ignored) => {
  expect([...ignoredSignals(mask)]).toEqual(ignored);
});
