import type { RenderContext } from "@maand/core";
import { strictFields } from "@maand/gotemplate";

/** The data of a template: the fields after its dot. */
export function dataOf(context: RenderContext): object {
  const { allocation, job, worker, bucket, root, currentVersion, newVersion, updateSeq } = context;
  const workerData = {
    BucketID: bucket.id,
    WorkerID: worker.workerId,
    WorkerIP: worker.host,
    Labels: [...worker.labels].sort(),
    UpdateSeq: updateSeq,
  };
  return strictFields({
    AllocationID: allocation.id,
    Job: job.name,
    CurrentVersion: currentVersion,
    NewVersion: newVersion,
    ...workerData,
    BucketPath: root,
    JobPath: `${root}/jobs/${job.name}`,
    WorkerData: strictFields(workerData),
  });
}
