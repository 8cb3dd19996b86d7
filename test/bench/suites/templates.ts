import { scratch } from "../../support/bucket/scratch.ts";
import { hostAt } from "../../support/simulated-fleet/index.ts";
import { alternate, maandProcess, NODE, type Suite } from "../suite.ts";

const RUNS = 5;
const TEMPLATE = '{{ .WorkerIP }} {{ get "vars/bucket" "color" }}{{ if eq .Job "job0" }} first{{ end }}\n'.repeat(20);

/** Dry runs of jobs that are new on all workers, with and without a template in each job. */
export const templates: Suite = async (workers = 200, jobs = 10) => {
  const plain = await scratch('transport = "local"\n');
  const rendered = await scratch('transport = "local"\n');
  try {
    for (const bucket of [plain, rendered]) {
      bucket.workers(...Array.from({ length: workers }, (_, at) => ({ host: hostAt(at) })));
      bucket.write("workspace/bucket.conf", 'color = "red"\n');
      for (let job = 0; job < jobs; job += 1)
        bucket.job(
          `job${job}`,
          { version: "1.0.0", selectors: ["worker"] },
          { "a.conf": "a\n", ...(bucket === rendered && { "b.conf.tpl": TEMPLATE }) },
        );
      await maandProcess(bucket.root, ["build"]);
    }
    const baseline = "baseline: dry run without templates";
    const rows = await alternate(RUNS, [
      NODE,
      { name: baseline, run: () => maandProcess(plain.root, ["deploy", "--dry-run"]) },
      {
        name: `dry run that renders ${workers * jobs} templates of 20 lines`,
        baseline,
        run: () => maandProcess(rendered.root, ["deploy", "--dry-run"]),
      },
    ]);
    return [{ title: `templates: ${workers} workers x ${jobs} jobs`, rows }];
  } finally {
    plain.dispose();
    rendered.dispose();
  }
};
