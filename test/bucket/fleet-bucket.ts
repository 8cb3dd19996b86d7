import { type Fleet, type FleetOptions, type FleetWorker, startFleet } from "../fleet/index.ts";
import { type Scratch, scratch } from "./scratch.ts";

/** A bucket whose workers are real sshd workers. */
export interface FleetBucket {
  readonly fleet: Fleet;
  readonly bucket: Scratch;
  readonly workers: readonly FleetWorker[];
  readonly hosts: readonly string[];
  /** Directory of a job on the workers. */
  directory(job: string): string;
  /** What was run of a job on a worker so far: `start 0.0.0 1.0.0`, ... */
  lifecycle(job: string, worker: FleetWorker): Promise<string[]>;
  /** Rollout state by `job@host`. */
  rollouts(): Promise<Record<string, string>>;
}

/** Lends a bucket with so many workers, each with the label `worker`, and takes everything away afterwards. */
export async function withFleetBucket(options: FleetOptions, use: (lent: FleetBucket) => Promise<void>): Promise<void> {
  const fleet = await startFleet(options);
  const bucket = await scratch(fleet.conf);
  try {
    bucket.workers(...fleet.workersJson());
    const { bucket_id: id } = await bucket.json<{ bucket_id: string }>("info");
    const directory = (job: string) => `/opt/worker/${id}/jobs/${job}`;
    await use({
      fleet,
      bucket,
      workers: fleet.workers,
      hosts: fleet.workers.map(({ host }) => host),
      directory,
      async lifecycle(job, worker) {
        const file = `${directory(job)}/data/lifecycle`;
        if (!worker.exists(file)) return [];
        return (await worker.read(file)).trimEnd().split("\n");
      },
      async rollouts() {
        const rows = await bucket.json<{ job: string; worker_ip: string; rollout: string }[]>("cat", "deployments");
        return Object.fromEntries(rows.map(({ job, worker_ip, rollout }) => [`${job}@${worker_ip}`, rollout]));
      },
    });
  } finally {
    bucket.dispose();
    await fleet.close();
  }
}
