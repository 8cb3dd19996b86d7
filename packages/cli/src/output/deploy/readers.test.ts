import { PassThrough } from "node:stream";
import { styleFor } from "@maand/command";
import { expect, it } from "vitest";
import { eventsOf, started } from "../progress/events.test.support.ts";
import { Terminal } from "../progress/terminal.test.support.ts";
import { progressReader } from "./readers.ts";

function reader(progress: string, stderr: PassThrough | Terminal) {
  return progressReader({
    ...{ stderr, stdout: new PassThrough(), env: {}, signal: new AbortController().signal },
    ...{ style: styleFor({}, {}, true), quiet: false, verbose: false, progress, from: "/" },
  });
}

const events = eventsOf((at) => {
  started(at);
  at(1, "warning", { code: "W", message: "the disk is full", worker: null, job: null });
});

it("the mode json prints one event per line on stderr", async () => {
  const stderr = new PassThrough();
  const read = await reader("json", stderr);
  for (const event of events) read(event);
  read.end();
  const lines = String(stderr.read()).trim().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual(events);
});

it("the mode lines on a terminal and the mode live without a terminal both print lines", async () => {
  const terminal = new Terminal(80, 24);
  const pipe = new PassThrough();
  for (const [progress, stderr] of [
    ["lines", terminal],
    ["live", pipe],
  ] as const) {
    const read = await reader(progress, stderr);
    for (const event of events) read(event);
    read.end();
  }
  expect(terminal.writes).toEqual(["warning: the disk is full\n"]);
  expect(String(pipe.read())).toBe("warning: the disk is full\n");
});
