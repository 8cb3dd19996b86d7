import { tmpdir } from "node:os";
import { Cli } from "clipanion";
import { beforeAll, describe, expect, it } from "vitest";
import { commandsFor } from "../commands/index.ts";
import { typedIn } from "../run/typed.test.support.ts";
import { overview } from "./overview.ts";

const maand = typedIn(tmpdir());
/** On a screen with this number of columns. */
const on = (columns: number) => typedIn(tmpdir(), undefined, columns);

let cli: Cli;
beforeAll(async () => {
  cli = Cli.from([...(await commandsFor([]))], { binaryName: "maand" });
});

describe("maand --help", () => {
  it("fits a terminal of 80 columns and 35 rows", () => {
    const lines = overview({ added: ["notes add", "notes list"], absent: [] }, 80);
    expect(lines.length).toBeLessThanOrEqual(35);
    expect(lines.filter(({ length }) => length > 80)).toEqual([]);
    expect(lines).toContain("Plugins:  notes add, notes list");
  });

  it.each([40, 80])("fits %d columns", async (columns) => {
    const { code, out } = await on(columns)("--help");
    expect([code, out.split("\n").filter(({ length }) => length > columns)]).toEqual([0, []]);
  });

  it("names all commands and nothing else", async () => {
    const { out } = await maand("--help");
    const paths = cli.definitions().map(({ path }) => path.split(" ").slice(1));
    const begins = new Set(paths.flatMap(([first = "", second = ""]) => [first, `${first} ${second}`]));
    const named = [...out.matchAll(/^ {2}(\S.*?) {2,}/gm)].flatMap(([, words = ""]) => words.split(", "));
    const more = /^More: +(.*)$/m.exec(out)?.[1]?.split(", ") ?? [];
    const shown = [...named, ...more];
    expect(shown.filter((command) => !begins.has(command))).toEqual([]);
    const firsts = new Set(paths.map(([first]) => first));
    expect([...firsts].filter((first) => !shown.some((command) => command.split(" ")[0] === first))).toEqual([]);
  });

  it("omits the commands that the configuration removes", () => {
    const lines = overview({ added: [], absent: ["doctor", "drift", "drift adopt", "info", "cat jobs"] }, 80).join(
      "\n",
    );
    expect(lines).not.toMatch(/^ {2}(doctor|.*\bdrift|.*\binfo\b)/m);
    expect(lines).toMatch(/^ {2}cat {2,}/m);
    expect(lines).toMatch(/^ {2}health_check {2,}/m);
  });

  it.each(["help", "-h"])("prints the same as maand %s", async (word) => {
    expect(await maand(word)).toEqual(await maand("--help"));
  });
});

it("maand help --all lists every command and the global flags", async () => {
  const { out } = await maand("help", "--all");
  const listed = [...out.matchAll(/^ {2}(maand [a-z_ ]+?) {2,}/gm)].map(([, path]) => path);
  const known = cli.definitions().map(({ path }) => path);
  expect(listed.sort()).toEqual(known.sort());
  expect(out).toContain("--config <file>");
});

/** Common widths of terminals, in columns. */
const COLUMNS = 100;

it("no line of any --help is wider than 100 columns", async () => {
  const commands = cli.definitions().map(({ path }) => path.split(" ").slice(1));
  expect(commands.length).toBeGreaterThan(25);
  const pages = await Promise.all(commands.map(async (words) => (await maand(...words, "--help")).out));
  expect(pages.flatMap((text) => text.split("\n")).filter(({ length }) => length > COLUMNS)).toEqual([]);
});

it.each([["deploy"], ["cat", "kv"], ["health-check"], ["cat"]])(
  "maand help %s prints the same as its --help",
  async (...words) => {
    const { code, out } = await maand("help", ...words);
    expect(code).toBe(0);
    expect(out).toBe((await maand(...words, "--help")).out);
    expect(out.length).toBeGreaterThan(100);
  },
);

it("--help marks flags that take a value", async () => {
  const { code, out } = await maand("run_command", "--help");
  expect(code).toBe(0);
  expect(out).toMatch(/^ {2}-c,--concurrency \.{3} +Number of workers in parallel; default 1\.$/m);
  expect(out).not.toContain("#0");
});

describe("the spelling", () => {
  it("of commands may have - for _, and _ for -", async () => {
    const swapped = (word: string) => (word.includes("_") ? word.replaceAll("_", "-") : word.replaceAll("-", "_"));
    for (const { path } of cli.definitions()) {
      const words = path.split(" ").slice(1);
      if (!words.some((word) => swapped(word) !== word)) continue;
      const [page, other] = [await maand(...words, "--help"), await maand(...words.map(swapped), "--help")];
      expect([other.code, other.out], path).toEqual([0, page.out]);
    }
  });

  it.each([
    [["gc", "--retain_days", "x"], '--retain-days must be a number of days from 0 to 36500, but is "x"'],
    [["gc", "--retain_days=x"], '--retain-days must be a number of days from 0 to 36500, but is "x"'],
    [["deploy", "--exit_code"], "--exit-code requires --dry-run"],
  ])("of flags in %j may have _ for -", async (argv, message) => {
    expect((await maand(...argv)).err).toContain(message);
  });

  it("of words after -- is not changed", async () => {
    expect((await maand("run_command", "--", "--dry_run", "x")).code).toBe(2);
  });
});

describe("an unknown flag", () => {
  it.each([
    [["deploy", "--job", "api"], "maand deploy has no flag --job", 'did you mean "--jobs"?'],
    [["deploy", "--job=api"], "maand deploy has no flag --job", 'did you mean "--jobs"?'],
    [["logs", "show", "--jobs", "api"], "maand logs show has no flag --jobs", 'did you mean "--job"?'],
    [["job", "stop", "api", "--workers", "x"], "maand job stop has no flag --workers", 'did you mean "--allocations"?'],
    [["run-command", "x", "--hosts", "y"], "maand run_command has no flag --hosts", 'did you mean "--workers"?'],
    [["deploy", "--frobnicate"], "maand deploy has no flag --frobnicate", "maand help deploy lists its flags"],
  ])("in %j is named, with a hint", async (argv, message, hint) => {
    expect(await maand(...argv)).toEqual({ code: 2, out: "", err: `maand: ${message}\n  ${hint}\n` });
  });
});

it("a command line with too many words prints each possible command line once", async () => {
  const { code, err } = await maand("run_command", "echo", "a", "b");
  expect(code).toBe(2);
  expect(err.match(/^ {4}maand run_command /gm)).toHaveLength(1);
});

it.each([
  [["frobnicate"], 'unknown command "frobnicate"'],
  [["cat", "nonsense"], 'unknown table "nonsense"'],
  [["help", "deplyo"], 'unknown command "deplyo"'],
  [["job", "restart", "api", "--bogus"], "--bogus"],
  [["run_command", "echo", "a", "b"], "is not a complete command line"],
  [["info", "--", "--json"], ""],
])("the error of %j with --json is one JSON object", async (argv, printed) => {
  const { code, out, err } = await maand("--json", ...argv);
  expect(code).toBe(2);
  const { error } = JSON.parse(out);
  expect(error).toMatchObject({ code: "USAGE", hint: expect.any(String), problems: [] });
  expect(error.message).toContain(printed);
  expect(err).toContain(`maand: ${error.message}\n`);
});

it.each(["job_command", "job-command"])(
  "%s is the same command as jobcommand, even without arguments",
  async (word) => {
    expect(await maand(word)).toEqual(await maand("jobcommand"));
  },
);

describe("maand without arguments outside of a bucket", () => {
  it.each([40, 80])("shows the first five commands to run, in %d columns", async (columns) => {
    const { code, out } = await on(columns)();
    expect(code).toBe(0);
    const commands = [...out.matchAll(/^ {2}(maand [a-z]+(?: \S+)*?)(?: {2,}|$)/gm)].map(([, line = ""]) => line);
    expect(commands).toHaveLength(5);
    for (const line of commands)
      expect(await maand(...line.split(" ").slice(1), "--help"), line).toMatchObject({ code: 0 });
    expect(out.split("\n").filter(({ length }) => length > columns)).toEqual([]);
  });

  it("fails with --json", async () => {
    const { code, out } = await maand("--json");
    expect([code, JSON.parse(out).error.code]).toEqual([2, "NOT_A_BUCKET"]);
  });
});
