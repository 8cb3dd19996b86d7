import { error, type Report } from "../checks/problem.ts";
import { shown } from "../checks/validate.ts";
import { manifestFile } from "../manifest/manifest.ts";
import type { Job } from "../workspace/job.ts";
import { didYouMean } from "../workspace/names.ts";

/**
 * Reports jobs in `never_with` that do not exist, and a job that excludes itself. `unread` names jobs that exist, but
 * were refused.
 */
export function checkNeverWith(
  jobs: readonly Pick<Job, "name" | "neverWith">[],
  unread: ReadonlySet<string>,
  report: Report,
): void {
  const names = new Set([...jobs.map(({ name }) => name), ...unread]);
  for (const { name, neverWith = [] } of jobs) {
    const where = `${manifestFile(name)}: never_with`;
    for (const other of neverWith) {
      if (other === name) report(error("invalid_manifest", where, "a job cannot exclude itself", "name another job"));
      else if (!names.has(other)) {
        const others = [...names].filter((one) => one !== name);
        const hint = didYouMean(other, others) ?? "name a job of this workspace, or remove it";
        report(error("invalid_manifest", where, `there is no job ${shown(other)}`, hint));
      }
    }
  }
}
