import { tmpdir } from "node:os";
import { expect, it } from "vitest";
import { typedIn } from "../run/typed.test.support.ts";

const maand = typedIn(tmpdir());

it("help marks flags that take a value", async () => {
  const { code, out } = await maand("run_command", "--help");
  expect(code).toBe(0);
  expect(out).toMatch(/^ {2}-c,--concurrency \.{3} +Number of workers in parallel; default 1\.$/m);
  expect(out).not.toContain("#0");
});

/** Columns of a terminal a person is likely to have. */
const COLUMNS = 100;

it("no line of help is wider than a terminal", async () => {
  const list = (await maand("--help")).out;
  const commands = [...list.matchAll(/^ {2}maand ([a-z_ ]+?) {2,}/gm)].map(([, words = ""]) => words.split(" "));
  expect(commands.length).toBeGreaterThan(25);
  const pages = await Promise.all(commands.map(async (words) => (await maand(...words, "--help")).out));
  expect([list, ...pages].flatMap((text) => text.split("\n")).filter(({ length }) => length > COLUMNS)).toEqual([]);
});

it("an incomplete command prints the possible subcommands, each once", async () => {
  const { code, err } = await maand("run_command", "echo", "a", "b");
  expect(code).toBe(2);
  expect(err.match(/^ {4}maand run_command /gm)).toHaveLength(1);
});

it.each([
  [["frobnicate"], 'unknown command "frobnicate"'],
  [["cat", "nonsense"], 'unknown table "nonsense"'],
  [["job", "restart", "api", "--bogus"], "--bogus"],
  [["run_command", "echo", "a", "b"], "is not a complete command line"],
  [["info", "--", "--json"], ""],
])("%j with --json prints one object", async (argv, printed) => {
  const { code, out, err } = await maand("--json", ...argv);
  expect(code).toBe(2);
  const { error } = JSON.parse(out);
  expect(error).toMatchObject({ code: "USAGE", hint: expect.any(String), problems: [] });
  expect(error.message).toContain(printed);
  expect(err).toContain(`maand: ${error.message}\n`);
});

it.each(["job_command", "job-command"])(
  "%s is the same command as jobcommand, also without arguments",
  async (word) => {
    expect(await maand(word)).toEqual(await maand("jobcommand"));
  },
);
