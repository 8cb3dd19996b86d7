import * as core from "@maand/core/internal";
import { defaults } from "../../packages/cli/src/defaults.ts";
import type { Scratch } from "../support/bucket/scratch.ts";

const OPTIONS = { jobs: [], force: false, syncOnly: false } as const;

/** How large a bucket is. */
export interface Size {
  readonly workers: number;
  readonly jobs: number;
  readonly template: boolean;
}

/** Writes the workspace: each job on each worker, with some files. */
export function writeLarge(bucket: Scratch, { workers, jobs, template }: Size): void {
  bucket.workers(...Array.from({ length: workers }, (_, at) => ({ host: `10.${at >> 8}.${at & 255}.1` })));
  const rendered = template ? { "c.conf.tpl": '{{ .WorkerIP }} {{ get "vars/bucket" "color" }}\n' } : {};
  bucket.write("workspace/bucket.conf", 'color = "red"\n');
  for (let job = 0; job < jobs; job += 1)
    bucket.job(
      `job${job}`,
      { version: "1.0.0", selectors: ["worker"] },
      { "a.conf": `a ${job}\n`, "conf/b.conf": "b\n".repeat(200), ...rendered },
    );
}

/** Records every allocation as its plan would leave it. */
export async function promoteAll(root: string): Promise<void> {
  const bucket = await core.openBucket({
    from: root,
    now: () => new Date(),
    signal: new AbortController().signal,
    pid: process.pid,
    defaults,
    modules: {},
  });
  const { waves } = await core.planDeploy(bucket, OPTIONS);
  const { promoted } = bucket.store;
  bucket.store.transaction(() => {
    for (const { allocation, target, tree, occasion } of waves.flatMap((wave) =>
      wave.jobs.flatMap((job) => job.allocations),
    )) {
      promoted.unstage(allocation.id);
      promoted.promote(allocation.id, target, tree.files, { stopped: false, occasion });
      promoted.stage(allocation.id, target.digest);
    }
  });
  await bucket.close();
}
