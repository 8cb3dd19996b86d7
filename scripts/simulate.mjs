// npm run simulate -- --seeds 1000 --from 1 --minutes 10: simulates team mode with many seeds, and prints the trace of
// a failed seed.
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    minutes: { type: "string", default: "60" },
    flaw: { type: "string" },
  },
});
const env = {
  ...process.env,
  MAAND_SIMULATE_SEEDS: values.seeds,
  MAAND_SIMULATE_FROM: values.from,
  MAAND_SIMULATE_MINUTES: values.minutes,
  ...(values.flaw === undefined ? {} : { MAAND_SIMULATE_FLAW: values.flaw }),
};
const file = "test/simulation/simulation.test.ts";
const name = values.flaw === undefined ? "every seed" : "finds the planted fault";
const args = ["vitest", "run", "--config", "test/vitest.config.ts", "--project", "unit", file, "-t", name];
const { status } = spawnSync("npx", args, { stdio: "inherit", env });
process.exitCode = status ?? 1;
