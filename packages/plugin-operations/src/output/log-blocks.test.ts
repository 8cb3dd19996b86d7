import { styleFor } from "@maand/command";
import { expect, it } from "vitest";
import { LogBlocks } from "./log-blocks.ts";

/** The block of a command that prints this number of lines, without its head and its end. */
function outputOf(count: number): string[] {
  const blocks = new LogBlocks(styleFor({ isTTY: false }, {}, true));
  const stored = (fields: string) => {
    const text = `ts=2026-11-25T10:00:00Z maand=deploy run=r1 id=1 job=api worker=w1 ${fields}`;
    return blocks.command({ text, ts: "2026-11-25T10:00:00Z", bare: false });
  };
  stored("event=command_begin cmd=make");
  for (let at = 1; at <= count; at++) stored(`stream=stdout msg=line-${at}`);
  const [text = ""] = stored("event=command_end exit=0 duration_ms=5");
  return text.split("\n").filter((line) => line.includes("line"));
}

it.each([1999, 2000])("a block shows all of %i lines", (count) => {
  const lines = outputOf(count);
  expect(lines).toHaveLength(count);
  expect(lines.at(-1)).toContain(`line-${count}`);
});

it.each([2001, 2500, 2999, 3000, 3001, 7777])(
  "of %i lines, a block shows the first 1,000 and the last 1,000",
  (count) => {
    const lines = outputOf(count);
    expect(lines).toHaveLength(2001);
    expect(lines[999]).toContain("line-1000");
    expect(lines[1000]).toMatch(new RegExp(`\\.\\.\\. ${count - 2000} lines? omitted; --format raw shows all`));
    expect(lines[1001]).toContain(`line-${count - 999}`);
    expect(lines.at(-1)).toContain(`line-${count}`);
  },
);
