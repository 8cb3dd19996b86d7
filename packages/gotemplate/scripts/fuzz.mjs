/**
 * Tests generated templates: `node packages/gotemplate/scripts/fuzz.mjs --runs 1000000 --seed 1`. Exits 1 on a defect.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { fromSource } from "./source.mjs";

// most inputs end in an error, whose stack trace is not needed
Error.stackTraceLimit = 1;

const BATCH = 50_000;
const SHOWN = 10;

const { values } = parseArgs({ options: { runs: { type: "string", default: "100000" }, seed: { type: "string" } } });
const runs = Number(values.runs);
const seed = Number(values.seed ?? 1);
const { fuzz } = await fromSource("fuzz/run.test.support.ts");
const vectors = JSON.parse(readFileSync(new URL("../vectors/gotemplate.json", import.meta.url), "utf8"));
const seeds = vectors.cases.map((one) => one.template);

const total = { runs: 0, rendered: 0, parseErrors: 0, execErrors: 0, slowest: 0, broken: [] };
const start = performance.now();
for (let batch = 0; total.runs < runs; batch++)
  add(fuzz(Math.min(BATCH, runs - total.runs), seed * 7919 + batch, seeds));
const seconds = (performance.now() - start) / 1000;

for (const { input, reason } of total.broken.slice(0, SHOWN)) console.log(`${reason}: ${JSON.stringify(input)}`);
console.log(`${total.runs} inputs, seed ${seed}: ${Math.round(total.runs / seconds)} per second`);
console.log(`${total.rendered} rendered, ${total.parseErrors} parse errors, ${total.execErrors} execution errors`);
console.log(`slowest ${Math.round(total.slowest)} ms, ${total.broken.length} broken`);
process.exitCode = total.broken.length === 0 ? 0 : 1;

function add(summary) {
  for (const key of ["runs", "rendered", "parseErrors", "execErrors"]) total[key] += summary[key];
  total.slowest = Math.max(total.slowest, summary.slowest);
  total.broken.push(...summary.broken);
}
