import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Scratch, scratch } from "../../support/bucket/scratch.ts";
import type { LibraryCase } from "../../support/hook-libraries/library-case.ts";
import { ours } from "../../support/hook-libraries/modules.ts";

/** The cases that scripts in both languages run with a real maand. "*" matches any value that is equal for both. */
const CASES: readonly LibraryCase[] = JSON.parse(ours("real-cases.json"));

const HOST = "127.0.0.61";
const LANGUAGES = ["py", "ts"] as const;

type Outcome = Readonly<Record<string, unknown>>;

const outcomes = new Map<string, readonly Outcome[]>();
const places: string[] = [];

beforeAll(async () => {
  for (const language of LANGUAGES) outcomes.set(language, await runHook(language));
});

afterAll(() => {
  for (const place of places) rmSync(place, { recursive: true, force: true });
});

/** Runs all cases in a command in this language, in a separate bucket. */
async function runHook(language: string): Promise<readonly Outcome[]> {
  const bucket = await scratch();
  const aside = mkdtempSync(join(tmpdir(), "maand-outcomes-"));
  places.push(bucket.root, aside);
  write(bucket, language);
  const printed = join(aside, "outcomes");
  const deployed = await bucket.maand("deploy", "--build");
  expect(deployed.code, deployed.stderr).toBe(0);
  const run = bucket.start(["jobcommand", "command_drive", "api"], { env: { OUTCOMES: printed } });
  const { code, stderr } = await run.ended;
  expect(code, stderr).toBe(0);
  const lines = readFileSync(printed, "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line.replaceAll(bucket.root, "<bucket>")));
}

function write(bucket: Scratch, language: string): void {
  bucket.workers({ host: HOST, transport: "local" });
  bucket.job(
    "api",
    { version: "1.0.0", selectors: ["worker"], commands: { command_drive: { executed_on: ["cli"] } } },
    {
      [`_modules/command_drive.${language}`]: ours(`drive.${language}`),
      "_modules/cases.json": ours("real-cases.json"),
      Makefile: 'start stop restart status:\n\t@echo "$@ of $(JOB) on $(WORKER_IP)"\n',
    },
  );
  const demands = { job: "api", command: "command_drive", config: { pool: 3 } };
  const commands = { command_use: { executed_on: ["cli"], demands } };
  bucket.job("web", { version: "1.0.0", selectors: ["worker"], commands }, { "_modules/command_use.py": "" });
}

describe.each(LANGUAGES)("the library in a command in %s", (language) => {
  it.each(CASES.map((given, at) => ({ ...given, at })))("$at: $name", ({ at, returns, raises }) => {
    const outcome = outcomes.get(language)?.[at];
    if (raises)
      expect(outcome).toEqual({
        raises: { ...raises, message: expect.stringMatching(new RegExp(`^${literal(raises.message)}`)) },
      });
    else expect(outcome).toEqual({ returns: open(returns) });
  });

  it("runs every case", () => expect(outcomes.get(language)).toHaveLength(CASES.length));
});

it("the libraries for Python and TypeScript return identical results", () =>
  expect(outcomes.get("ts")).toEqual(outcomes.get("py")));

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** The expected value, where "*" matches anything. */
function open(value: unknown): unknown {
  if (value === "*") return expect.anything();
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, open(entry)]));
}
