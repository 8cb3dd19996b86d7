import { readFileSync, writeFileSync } from "node:fs";
import type { LibraryCase } from "./library-case.ts";

/**
 * Runs `cases.json` with the TypeScript library, and writes the outcome of each case to `$OUTCOMES`, as a line of JSON.
 */
const maand: typeof import("../../../packages/plugin-job-commands/lib/maand.ts") = await import(
  `${process.cwd()}/maand.ts`
);

function named(word: string): unknown {
  return new Map<string, unknown>(Object.entries(maand)).get(camel(word));
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function camel(word: string): string {
  return word.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function snake(word: string): string {
  return word.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

async function plain(value: unknown): Promise<unknown> {
  if (value === undefined) return null;
  if (value instanceof maand.ApiResponse) {
    const answer = { status_code: value.statusCode, ok: value.ok, text: await value.text() };
    return value.ok && answer.text !== "" ? { ...answer, json: await value.json() } : answer;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [snake(key), entry]));
}

async function run({ call, args, options = {} }: LibraryCase): Promise<unknown> {
  if (call === "semaphore") {
    const [name, capacity, seconds] = args;
    const work = () => {
      if ("fails" in options) throw Object.assign(new Error(String(options.fails)), { name: "ValueError" });
      return "worked";
    };
    return maand.semaphore(String(name), work, numberOf(capacity), numberOf(seconds));
  }
  const called = named(call);
  if (typeof called !== "function") throw new Error(`${call} is not there`);
  const given = Object.fromEntries(Object.entries(options).map(([key, value]) => [camel(key), value]));
  return called(...args, ...(Object.keys(given).length === 0 ? [] : [given]));
}

async function outcome(given: LibraryCase): Promise<object> {
  try {
    return { returns: await plain(await run(given)) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const names = ["statusCode", "namespace", "key", "result"];
    const details = Object.entries(error).filter(([key]) => names.includes(key));
    return {
      raises: {
        error: error.name,
        message: error.message,
        ...Object.fromEntries(details.map(([key, v]) => [snake(key), v])),
      },
    };
  }
}

const before = { ...process.env };
const cases: LibraryCase[] = JSON.parse(readFileSync("cases.json", "utf8"));
const outcomes: string[] = [];
for (const [number, given] of cases.entries()) {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, { JOB_COMMAND_API_TOKEN: String(number) }, before);
  for (const [name, value] of Object.entries(given.env ?? {})) {
    if (value === null) delete process.env[name];
    else process.env[name] = value;
  }
  outcomes.push(JSON.stringify(await outcome(given)));
}
writeFileSync(before.OUTCOMES ?? "", outcomes.join("\n"));
