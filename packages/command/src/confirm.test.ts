import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, it, vi } from "vitest";
import { confirm, mayAsk } from "./confirm.ts";

const CONFIRMATION = { lines: ["this stops 2 jobs"], question: "stop them" };

function asking(
  typed: string,
  more: { json?: boolean; yes?: boolean; env?: Record<string, string>; isTTY?: boolean } = {},
) {
  const { json = false, yes = false, env = {}, isTTY = true } = more;
  const [stdin, stderr] = [new PassThrough(), new PassThrough()].map((stream) => Object.assign(stream, { isTTY }));
  if (!stdin || !stderr) throw new Error("no streams");
  stdin.end(typed);
  return { json, yes, context: { stdin, stderr, env, signal: new AbortController().signal } };
}

it.each(["y\n", "Y\n", " yes \n"])("a confirmation accepts %j", async (typed) => {
  const command = asking(typed);
  await confirm(command, () => CONFIRMATION);
  command.context.stderr.end();
  expect(await text(command.context.stderr)).toBe("this stops 2 jobs\nstop them? [y/N] ");
});

it.each(["n\n", "\n", "", "yess\n", "what\n"])("a confirmation does not accept %j", async (typed) => {
  await expect(confirm(asking(typed), () => CONFIRMATION)).rejects.toMatchObject({ code: "NOT_CONFIRMED" });
});

it.each([
  ["with --yes", { yes: true }],
  ["with --json", { json: true }],
  ["without a terminal", { isTTY: false }],
  ["in CI", { env: { CI: "1" } }],
])("a command does not prompt %s, and does not even compute the question", async (_, more) => {
  const find = vi.fn(() => CONFIRMATION);
  await confirm(asking("n\n", more), find);
  expect(find).not.toHaveBeenCalled();
});

it("a command prompts with CI=false", () => {
  expect(mayAsk(asking("", { env: { CI: "false" } }))).toBe(true);
});

it("a command does not prompt if there is nothing to confirm", async () => {
  await expect(confirm(asking("n\n"), () => undefined)).resolves.toBeUndefined();
});

it("a confirmation is wrapped on a narrow terminal", async () => {
  const command = asking("y\n");
  Object.assign(command.context.stderr, { columns: 40 });
  const line = `  stop api on ${["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"].join(", ")}: it was removed`;
  await confirm(command, () => ({ lines: [line], question: "stop" }));
  command.context.stderr.end();
  expect((await text(command.context.stderr)).split("\n")).toEqual([
    "  stop api on 10.0.0.1, 10.0.0.2,",
    "    10.0.0.3, 10.0.0.4: it was removed",
    "stop? [y/N] ",
  ]);
});
