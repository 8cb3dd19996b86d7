import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Ended } from "./maand.ts";
import { linesOf, localJob, type Scratch, scratch } from "./scratch.ts";
import { callsOfMaand, type } from "./shell.ts";

/** A bucket whose workers are directories of this machine, for tests that need no ssh. */
export interface LocalBucket extends Scratch {
  readonly hosts: readonly string[];
  /** Directory of a job on a worker, whether it exists or not. */
  directory(job: string, host: string): string;
  /** The targets of a job that have run on a worker so far: `start 0.0.0 1.0.0`, ... */
  lifecycle(job: string, host: string): string[];
  /** The names in a job's directory on a worker; none if the directory does not exist. */
  files(job: string, host: string): string[];
  /** Rollout state by `job@host`. */
  rollouts(): Promise<Record<string, string>>;
  /** The actions of a dry run, by `job@host`, including allocations that are removed. */
  planned(): Promise<Record<string, string>>;
  /**
   * Runs lines in a shell, and returns their stdout. Throws if a line fails. Lines that only call maand run without a
   * shell.
   */
  type(lines: string): Promise<string>;
  /** Returns a copy of this bucket, including its workers. */
  copy(): LocalBucket;
}

interface PlanRecord {
  readonly waves: readonly {
    jobs: readonly { job: string; allocations: readonly { worker_ip: string; action: string }[] }[];
  }[];
  readonly leaving: readonly { job: string; worker_ip: string; action: string }[];
}

/** Creates a bucket with `count` workers, each with the label `worker`. Call `dispose` at the end. */
export async function localBucket(count: number): Promise<LocalBucket> {
  const bucket = await scratch('transport = "local"\ncerts_key = "ecdsa-p256"\n'); // creating RSA keys takes a long time
  const hosts = Array.from({ length: count }, (_, at) => `127.0.0.${at + 11}`);
  bucket.workers(...hosts.map((host) => ({ host })));
  return withLocalWorkers(bucket, hosts);
}

/** The stdout of lines. Throws if they failed. */
function output(lines: string, { code, stdout, stderr }: Ended): string {
  if (code !== 0) throw new Error(`${lines}\nexited with ${code}:\n${stdout}\n${stderr}`);
  return stdout;
}

function withLocalWorkers(bucket: Scratch, hosts: readonly string[]): LocalBucket {
  const directory = (job: string, host: string) => localJob(bucket, host, job) ?? join(bucket.root, "nowhere");
  return {
    ...bucket,
    hosts,
    directory,
    lifecycle: (job, host) => linesOf(join(directory(job, host), "data/lifecycle")),
    files: (job, host) => (existsSync(directory(job, host)) ? readdirSync(directory(job, host)).sort() : []),
    async rollouts() {
      const rows = await bucket.json<{ job: string; worker_ip: string; rollout: string }[]>("cat", "deployments");
      return Object.fromEntries(rows.map(({ job, worker_ip, rollout }) => [`${job}@${worker_ip}`, rollout]));
    },
    async planned() {
      const { waves, leaving } = await bucket.json<PlanRecord>("deploy", "--dry-run");
      const kept = waves.flatMap(({ jobs }) =>
        jobs.flatMap(({ job, allocations }) =>
          allocations.map(({ worker_ip, action }) => [`${job}@${worker_ip}`, action]),
        ),
      );
      return Object.fromEntries([
        ...leaving.map(({ job, worker_ip, action }) => [`${job}@${worker_ip}`, action]),
        ...kept,
      ]);
    },
    async type(lines) {
      const calls = callsOfMaand(lines);
      if (!calls) return output(lines, await type(lines, bucket.root));
      let printed = "";
      for (const call of calls) printed += output(lines, await bucket.maand(...call));
      return printed;
    },
    copy: () => withLocalWorkers(bucket.copy(), hosts),
  };
}
