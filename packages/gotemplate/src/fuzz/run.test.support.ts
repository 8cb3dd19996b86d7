import { float, parse, TemplateError, type TemplateFunctions, typed } from "../index.ts";
import { vectorFunctions } from "../vectors/functions.test.support.ts";
import { template } from "./grammar.test.support.ts";
import { mutate } from "./mutate.test.support.ts";
import { Random } from "./random.test.support.ts";

/** The results of the inputs; `broken` lists the inputs that violated the contract. */
export interface FuzzSummary {
  runs: number;
  rendered: number;
  parseErrors: number;
  execErrors: number;
  slowest: number;
  broken: { readonly input: string; readonly reason: string }[];
}

/** How long one input may take, in milliseconds: far more than its steps need, however busy the machine. */
const PATIENCE = 10_000;

const LIMITS = { output: 100_000, steps: 20_000, depth: 1000 };

class Planned extends Error {}

const FUNCS: TemplateFunctions = {
  ...vectorFunctions({ "maand/bucket": { api_http: "30001" } }),
  fails: () => {
    throw new Planned("planned");
  },
  twice: (value: unknown) => [value, value],
  add: typed(["int", "int"], (a, b) => a + b),
  list: typed(["...any"], (...items) => items),
};

const DATA: readonly unknown[] = [
  undefined,
  7,
  "text",
  [1, "two", null, 3.5, [true], { a: 1 }],
  {
    a: 1,
    f: 2.5,
    text: "é☺\uDCFF",
    nil: null,
    list: [3, 1, 2],
    map: { a: "x", n: float(2), deep: { x: [] } },
    fn: (value: unknown) => value,
  },
  new Map<unknown, unknown>([
    ["a", 1n << 62n],
    [7, Number.NaN],
    [2, null],
  ]),
];

/**
 * Runs `runs` generated templates; the same seed generates the same templates. `seeds` are templates to mutate as well.
 */
export function fuzz(runs: number, seed: number, seeds: readonly string[] = []): FuzzSummary {
  const random = new Random(seed);
  const summary: FuzzSummary = { runs, rendered: 0, parseErrors: 0, execErrors: 0, slowest: 0, broken: [] };
  for (let run = 0; run < runs; run++) tryOne(nextInput(random, seeds), DATA[run % DATA.length], summary);
  return summary;
}

function nextInput(random: Random, seeds: readonly string[]): string {
  const known = seeds[random.below(Math.max(1, seeds.length))] ?? "";
  const base = known !== "" && random.once(3) ? known : template(random);
  return random.once(3) ? mutate(random, base, random.once(2) ? known : template(random)) : base;
}

function tryOne(input: string, data: unknown, summary: FuzzSummary): void {
  const start = performance.now();
  const reason = outcomeOf(input, data, summary);
  const took = performance.now() - start;
  summary.slowest = Math.max(summary.slowest, took);
  if (reason !== undefined) summary.broken.push({ input, reason });
  else if (took > PATIENCE) summary.broken.push({ input, reason: `took ${Math.round(took)} ms` });
}

/** Counts the result of an input; returns what is wrong with it, if anything. */
function outcomeOf(input: string, data: unknown, summary: FuzzSummary): string | undefined {
  try {
    const output = parse(input, { name: "fuzz", funcs: FUNCS, limits: LIMITS }).execute(data);
    summary.rendered++;
    return /\p{Surrogate}/u.test(output) ? "the output is not well-formed" : undefined;
  } catch (thrown) {
    if (!(thrown instanceof TemplateError)) return `threw ${String(thrown)}`;
    if (thrown.kind === "parse") summary.parseErrors++;
    else summary.execErrors++;
    return complaintAbout(thrown, input);
  }
}

function complaintAbout(error: TemplateError, input: string): string | undefined {
  if (error.cause !== undefined && error.cause?.constructor !== Error && !(error.cause instanceof Planned))
    return `a defect inside: ${String(error.cause)}`;
  if (!error.message.startsWith(`template: fuzz:${error.line}:${error.column}: `)) return `message ${error.message}`;
  return error.line >= 1 && error.line <= input.split("\n").length ? undefined : `line ${error.line}`;
}
