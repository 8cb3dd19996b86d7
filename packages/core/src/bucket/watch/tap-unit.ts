import { isRecord } from "../../domain/checks/validate.ts";

/**
 * What a tap was called for: a job, a worker, or a job on a worker. If neither is set, the tap was called for the whole
 * run.
 */
export interface TapUnit {
  readonly job?: string;
  readonly worker?: string;
}

/** The unit of a call, from its context, which is the last argument of every asynchronous hook. */
export function unitOf(args: readonly unknown[]): TapUnit {
  const context = args.at(-1);
  if (!isRecord(context)) return {};
  const { job, worker } = context;
  return {
    ...(isRecord(job) && typeof job.name === "string" ? { job: job.name } : {}),
    ...(isRecord(worker) && typeof worker.host === "string" ? { worker: worker.host } : {}),
  };
}

/** `api@10.0.0.1`, `api`, `10.0.0.1`, or an empty string for the whole run. */
export function unitText({ job, worker }: TapUnit): string {
  return job !== undefined && worker !== undefined ? `${job}@${worker}` : (job ?? worker ?? "");
}
