import { rmSync } from "node:fs";
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
  const began = Date.now();
  for (let seed = FROM; seed < FROM + SEEDS; seed += 1) {
    const { problem, trace } = await simulate(seed, template);
    if (problem || process.env.MAAND_SIMULATE_TRACE) console.log(`seed ${seed}: ${problem}\n${trace.join("\n")}`);
    expect(problem, `seed ${seed}`).toBeUndefined();
  }
  console.log((Date.now() - began) / SEEDS);
}, 600_000);
