import { type Fleet, type FleetOptions, type FleetWorker, withFleet } from "../fleet/index.ts";
import type { MaandOptions } from "./maand.ts";
import { type Scratch, scratch } from "./scratch.ts";

/** A bucket whose workers are real sshd workers. */
export interface FleetBucket {
  readonly fleet: Fleet;
  readonly bucket: Scratch;
  /** The text of its `maand.conf`. Tests can append tables such as `[timeouts]`. */
  readonly conf: string;
  readonly workers: readonly FleetWorker[];
  readonly hosts: readonly string[];
  /** The bucket's directory on the workers. */
  readonly home: string;
  /** Directory of a job on the workers. */
  directory(job: string): string;
  /** The targets of a job that have run on a worker so far: `start 0.0.0 1.0.0`, ... */
  lifecycle(job: string, worker: FleetWorker): Promise<string[]>;
  /** The targets of a job that have run on all workers, in the order of the workers. */
  lifecycles(job: string): Promise<string[][]>;
  /** Rollout state by `job@host`. */
  rollouts(): Promise<Record<string, string>>;
}

/** Options for the commands of a bucket. */
type How = Omit<MaandOptions, "cwd">;

/**
 * Calls `use` with a bucket and the workers of `options`, each with the label `worker`, and deletes everything
 * afterwards.
 */
export function withFleetBucket(
  options: FleetOptions,
  use: (fixture: FleetBucket) => Promise<void>,
  how: How = {},
): Promise<void> {
  return withFleet(options, (fleet) => useBucket(fleet, "/opt/worker", fleet.conf, use, how));
}

let fixture = 0;

/**
 * Calls `use` with a new bucket on an existing fleet. Each bucket has its own directory on the workers. `conf` is
 * appended to the text of `maand.conf`.
 */
export function onFleet(fleet: Fleet, use: (fixture: FleetBucket) => Promise<void>, conf = ""): Promise<void> {
  fixture += 1;
  const root = `/opt/worker/b${fixture}`;
  return useBucket(fleet, root, `${fleet.conf}worker_root = "${root}"\n${conf}`, use);
}

async function useBucket(
  fleet: Fleet,
  root: string,
  conf: string,
  use: (fixture: FleetBucket) => Promise<void>,
  how: How = {},
): Promise<void> {
  const bucket = await scratch(conf, how);
  try {
    bucket.workers(...fleet.workersJson());
    const { bucket_id: id } = await bucket.json<{ bucket_id: string }>("info");
    const home = `${root}/${id}`;
    const directory = (job: string) => `${home}/jobs/${job}`;
    const lifecycle = async (job: string, worker: FleetWorker) => {
      const file = `${directory(job)}/data/lifecycle`;
      if (!worker.exists(file)) return [];
      return (await worker.read(file)).trimEnd().split("\n");
    };
    await use({
      fleet,
      bucket,
      conf,
      workers: fleet.workers,
      hosts: fleet.workers.map(({ host }) => host),
      home,
      directory,
      lifecycle,
      lifecycles: (job) => Promise.all(fleet.workers.map((worker) => lifecycle(job, worker))),
      async rollouts() {
        const rows = await bucket.json<{ job: string; worker_ip: string; rollout: string }[]>("cat", "deployments");
        return Object.fromEntries(rows.map(({ job, worker_ip, rollout }) => [`${job}@${worker_ip}`, rollout]));
      },
    });
  } finally {
    bucket.dispose();
  }
}
