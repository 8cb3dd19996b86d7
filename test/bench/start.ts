import { MAAND } from "../support/bucket/maand.ts";
import { scratch } from "../support/bucket/scratch.ts";
import { measure } from "./process.ts";
import { median, tableOf } from "./table.ts";

const RUNS = 15;

const CORE = ["@maand/command", "@maand/core", "@maand/core/internal"]
  .map((module) => `await import(${JSON.stringify(import.meta.resolve(module))});`)
  .join(" ");
const MADE = `${CORE} const { defaults } = await import(${JSON.stringify(import.meta.resolve("@maand/cli"))}); defaults();`;

/** How fast commands that touch no worker start, held against Node itself. */
export async function start(): Promise<void> {
  const bucket = await scratch('transport = "local"\n');
  try {
    bucket.workers({ host: "127.0.0.11" });
    bucket.job("api", { selectors: ["worker"] });
    await bucket.maand("build");
    const lines: Readonly<Record<string, readonly string[]>> = {
      "node -e 0": ["-e", "0"],
      "node, core": ["--input-type=module", "-e", CORE],
      "node, core, the stock plugins made": ["--input-type=module", "-e", MADE],
      "maand --version": [MAAND, "--version"],
      "maand cat jobs": [MAAND, "cat", "jobs"],
      "maand build": [MAAND, "build"],
      "maand deploy --dry-run": [MAAND, "deploy", "--dry-run"],
    };
    const times = new Map<string, number[]>(Object.keys(lines).map((name) => [name, []]));
    for (let run = 0; run <= RUNS; run += 1) {
      for (const [name, args] of Object.entries(lines)) {
        const { ms } = await measure([process.execPath, ...args], bucket.root);
        if (run > 0) times.get(name)?.push(ms);
      }
    }
    const bare = median(times.get("node -e 0") ?? []);
    console.log(
      tableOf([...times].map(([name, ms]) => ({ name, ms, note: `${(median(ms) / bare).toFixed(2)} x node` }))),
    );
  } finally {
    bucket.dispose();
  }
}
