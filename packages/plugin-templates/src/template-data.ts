import type { RenderContext } from "@maand/core";

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
  return strict({
    AllocationID: allocation.id,
    Job: job.name,
    CurrentVersion: currentVersion,
    NewVersion: newVersion,
    ...workerData,
    BucketPath: root,
    JobPath: `${root}/jobs/${job.name}`,
    WorkerData: strict(workerData),
  });
}

/** Fails for a field that does not exist, as Go's structs do; a map would render `<no value>` into the file. */
function strict<T extends object>(fields: T): T {
  return new Proxy(fields, {
    getOwnPropertyDescriptor(target, name) {
      if (typeof name === "string" && !Object.hasOwn(target, name)) throw unknownField(name, Object.keys(target));
      return Reflect.getOwnPropertyDescriptor(target, name);
    },
  });
}

function unknownField(name: string, known: readonly string[]): Error {
  return new TypeError(`there is no .${name}; there are ${known.map((field) => `.${field}`).join(" ")}`);
}
