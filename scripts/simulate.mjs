// npm run simulate -- --seeds 1000 --from 1 --minutes 10: simulates team mode with many seeds, and prints the trace of a failed seed.
// With --flaw NAME, it plants this fault, and succeeds if a seed finds it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createJiti } from "jiti";

const { FLAWS } = await createJiti(import.meta.url).import("../test/simulation/flaw.ts");
const values = parsed();
for (const name of ["seeds", "from", "minutes"])
  if (!(Number(values[name]) > 0)) refuse(`--${name} needs a number above zero, not "${values[name]}"`);
if (values.flaw !== undefined && !FLAWS.includes(values.flaw))
  refuse(`unknown fault "${values.flaw}"; known: ${FLAWS.join(", ")}`);
const env = {
  ...process.env,
  MAAND_SIMULATE: values.flaw ?? "seeds",
  MAAND_SIMULATE_SEEDS: values.seeds,
  MAAND_SIMULATE_FROM: values.from,
  MAAND_SIMULATE_MINUTES: values.minutes,
};
const directory = mkdtempSync(join(tmpdir(), "maand-simulate-"));
try {
  const results = join(directory, "results.json");
  const reporters = ["--reporter", "default", "--reporter", "json", "--outputFile.json", results];
  const file = "test/simulation/simulation.test.ts";
  const args = ["vitest", "run", "--config", "test/vitest.config.ts", "--project", "unit", ...reporters, file];
  const { status } = spawnSync("npx", args, { stdio: "inherit", env });
  process.exitCode = status ?? 1;
  // a test file without a matching test succeeds, too
  if (status === 0 && JSON.parse(readFileSync(results, "utf8")).numPassedTests !== 1)
    refuse("the simulation did not run; see MAAND_SIMULATE in test/simulation/simulation.test.ts");
} finally {
  rmSync(directory, { recursive: true });
}

function parsed() {
  try {
    return parseArgs({
      options: {
        seeds: { type: "string", default: "1000" },
        from: { type: "string", default: "1" },
        minutes: { type: "string", default: "60" },
        flaw: { type: "string" },
      },
    }).values;
  } catch (cause) {
    return refuse(cause.message);
  }
}

function refuse(message) {
  console.error(`simulate: ${message}`);
  process.exit(2);
}
