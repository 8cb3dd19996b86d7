import { expect, it } from "vitest";
import { LimitedLines } from "./limited-lines.ts";

it("lines of stdout and stderr are passed on as they arrive, and a last line without a newline at the end", () => {
  const lines: string[] = [];
  const limited = new LimitedLines((line, stream) => lines.push(`${stream} ${line}`));
  limited.push("stdout", Buffer.from("one\ntw"));
  limited.push("stderr", Buffer.from("oh"));
  limited.push("stdout", Buffer.from("o\n"));
  limited.end();
  expect(lines).toEqual(["stdout one", "stdout two", "stderr oh"]);
});

it("endless output is truncated at a limit, with one note", () => {
  const lines: string[] = [];
  const limited = new LimitedLines((line) => lines.push(line));
  for (let round = 0; round < 300; round++) limited.push("stdout", Buffer.from("y\n".repeat(1_000)));
  limited.end();
  expect(lines).toHaveLength(100_001);
  expect(lines.at(-1)).toBe("[more output is not shown]");
});
