import { rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeTemplate, type Template } from "./controllers/template.ts";
import { simulate } from "./simulation.ts";

const ROOT = `/dev/shm/maand-simulation-${process.pid}`;
const FROM = Number(process.env.MAAND_SIMULATE_FROM ?? 1);
const SEEDS = Number(process.env.MAAND_SIMULATE_SEEDS ?? 5);

let template: Template;
beforeAll(async () => {
  template = await makeTemplate(`${ROOT}/template`);
});
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

it("holds its invariants", async () => {
  const began = process.cpuUsage();
  const bad = [];
  for (let seed = FROM; seed < FROM + SEEDS; seed += 1) {
    const { problem, trace } = await simulate(seed, template, process.env.MAAND_SIMULATE_FLAW as never);
    if (problem) { bad.push(`${seed}: ${problem}`);
    writeFileSync(`/tmp/simtrace/${seed}`, trace.join("\n"));}
  }
  const {user,system}=process.cpuUsage(began);
  console.log(bad.join("\n")+`\n${bad.length} bad, ms per seed: `+(user+system)/1000/SEEDS);
}, 600_000);
