import type { Scratch } from "../support/bucket/scratch.ts";

/** The size of a bucket. */
export interface Size {
  readonly workers: number;
  readonly jobs: number;
  readonly template: boolean;
}

/** Writes a workspace in which each job runs on each worker and has some files. */
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
