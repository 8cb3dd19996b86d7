import { MAAND } from "../../support/bucket/maand.ts";
import { scratch } from "../../support/bucket/scratch.ts";
import { alternate, type Contender, NODE, program, type Suite } from "../suite.ts";

const RUNS = 15;

const CORE = ["@maand/command", "@maand/core", "@maand/core/internal"]
  .map((module) => `await import(${JSON.stringify(import.meta.resolve(module))});`)
  .join(" ");
const MADE = `${CORE} const { defaults } = await import(${JSON.stringify(import.meta.resolve("@maand/cli"))}); defaults();`;

/** The start of commands that connect to no worker. */
export const start: Suite = async (runs = RUNS) => {
  const bucket = await scratch('transport = "local"\n');
  try {
    bucket.workers({ host: "127.0.0.11" });
    bucket.job("api", { selectors: ["worker"] });
    await bucket.maand("build");
    await bucket.maand("deploy", "-q");
    const contender = (name: string, goal: number | undefined, ...args: readonly string[]): Contender => ({
      ...{ name, baseline: NODE.name, run: () => program([process.execPath, ...args], bucket.root) },
      ...(goal !== undefined && { goal }),
    });
    const rows = await alternate(runs, [
      NODE,
      contender("maand --version", 1.15, MAAND, "--version"),
      contender("core, read", undefined, "--input-type=module", "-e", CORE),
      contender("core read, all stock plugins made", 1.5, "--input-type=module", "-e", MADE),
      contender("maand cat jobs", 1.6, MAAND, "cat", "jobs"),
      contender("maand build, unchanged", undefined, MAAND, "build"),
      contender("maand deploy, unchanged", 2, MAAND, "deploy", "-q"),
      contender("maand deploy --dry-run", 2, MAAND, "deploy", "--dry-run"),
    ]);
    return [{ title: "start: 1 worker x 1 job, no connection", rows }];
  } finally {
    bucket.dispose();
  }
};
