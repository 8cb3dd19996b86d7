import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { watch } from "./watch.ts";

const ESC = "\u001b";

/** A terminal that stores each write separately. */
function terminal(isTTY: boolean, columns = 40, rows = 10) {
  const written: string[] = [];
  const stdout = Object.assign(new PassThrough(), { isTTY, columns, rows });
  stdout.on("data", (chunk: Buffer) => written.push(chunk.toString()));
  return { stdout, written };
}

/** Shows all frames, and then ends as with Ctrl-C. */
async function watched(screen: ReturnType<typeof terminal>, frames: readonly (readonly string[])[]): Promise<string[]> {
  const ctrlC = new AbortController();
  const left = [...frames];
  await watch({
    context: { stdout: screen.stdout, signal: ctrlC.signal },
    everyMs: 1,
    frame: async () => {
      const next = left.shift() ?? [];
      if (left.length === 0) ctrlC.abort();
      return next;
    },
  });
  return screen.written;
}

it("maand status --watch replaces each frame in one write, and restores the cursor", async () => {
  expect(await watched(terminal(true), [["one", "two", "three"], ["four"]])).toEqual([
    `${ESC}[?25l`,
    `one${ESC}[K\ntwo${ESC}[K\nthree${ESC}[K\n${ESC}[J`,
    `${ESC}[3A\rfour${ESC}[K\n${ESC}[J`,
    `${ESC}[?25h`,
  ]);
});

it("a frame is never larger than the screen, and never clears the screen", async () => {
  const long = [...Array(20).keys()].map((at) => `${at} ${"x".repeat(50)}`);
  const written = (await watched(terminal(true), [long, long])).join("");
  expect(written).not.toMatch(new RegExp(`${ESC}\\[[23]J`));
  const [, frame = ""] = (await watched(terminal(true), [long])) ?? [];
  const lines = frame.split("\n");
  expect(lines).toHaveLength(10);
  expect(lines[0]).toBe(`0 ${"x".repeat(38)}${ESC}[K`);
});

it("if a narrower window wraps lines, the next frame replaces all their rows", async () => {
  const screen = terminal(true);
  const ctrlC = new AbortController();
  const left = [["y".repeat(40)], ["new"]];
  await watch({
    context: { stdout: screen.stdout, signal: ctrlC.signal },
    everyMs: 60_000, // so that only the new size ends the wait
    frame: async () => {
      const next = left.shift() ?? [];
      if (left.length === 0) ctrlC.abort();
      else
        setImmediate(() => {
          screen.stdout.columns = 20;
          screen.stdout.emit("resize");
        });
      return next;
    },
  });
  expect(screen.written[2]).toBe(`${ESC}[2A\rnew${ESC}[K\n${ESC}[J`);
});

it("the cursor is restored after an error", async () => {
  const screen = terminal(true);
  const frame = async () => {
    throw new Error("no store");
  };
  const { signal } = new AbortController();
  await expect(watch({ context: { stdout: screen.stdout, signal }, everyMs: 1, frame })).rejects.toThrow("no store");
  expect(screen.written.at(-1)).toBe(`${ESC}[?25h`);
});

it("without a terminal, only changed frames are written, as plain text", async () => {
  expect(await watched(terminal(false), [["one"], ["one"], ["two"]])).toEqual(["one\n", "two\n"]);
});
