import { FAILURES_KEPT, type Failed, type JobProgress, LINES_KEPT, type Progress, type Step } from "./model.ts";

/** Functions that change the model. Each returns a new model. */

/** `api@10.0.0.1`, a worker, a job, or an empty string for the whole run. */
export function unitOf(job: string | null | undefined, worker: string | null | undefined): string {
  return job && worker ? `${job}@${worker}` : (job ?? worker ?? "");
}

export function withStep(model: Progress, key: string, step: Omit<Step, "silentMs">): Progress {
  const underWay = new Map(model.underWay);
  underWay.set(key, { ...step, silentMs: undefined });
  return { ...model, underWay };
}

/** Ends a step, and drops its output. */
export function withoutStep(model: Progress, key: string): Progress {
  const step = model.underWay.get(key);
  if (step === undefined) return model;
  const underWay = new Map(model.underWay);
  underWay.delete(key);
  const unit = unitOf(step.job, step.worker);
  if (!model.output.has(unit)) return { ...model, underWay };
  const output = new Map(model.output);
  output.delete(unit);
  return { ...model, underWay, output };
}

export function withOutput(model: Progress, unit: string, lines: readonly string[]): Progress {
  const output = new Map(model.output);
  output.set(unit, [...(output.get(unit) ?? []), ...lines.slice(-LINES_KEPT)].slice(-LINES_KEPT));
  const underWay = withoutSilence(model, unit);
  return { ...model, output, underWay };
}

/** Marks a step as no longer silent, because it printed something. */
function withoutSilence(model: Progress, unit: string): Progress["underWay"] {
  const silent = [...model.underWay].filter(
    ([, step]) => step.silentMs !== undefined && unitOf(step.job, step.worker) === unit,
  );
  if (silent.length === 0) return model.underWay;
  const underWay = new Map(model.underWay);
  for (const [key, step] of silent) underWay.set(key, { ...step, silentMs: undefined });
  return underWay;
}

const NEW_JOB: Omit<JobProgress, "name"> = {
  state: "waiting",
  total: 0,
  done: 0,
  failed: 0,
  note: "",
  since: undefined,
  ended: undefined,
};

/** Changes a job. A new job is added. */
export function withJob(model: Progress, name: string, change: (job: JobProgress) => Partial<JobProgress>): Progress {
  const jobs = new Map(model.jobs);
  const before = jobs.get(name) ?? { name, ...NEW_JOB };
  jobs.set(name, { ...before, ...change(before) });
  return { ...model, jobs };
}

/** Adds a failure, or merges it with an earlier failure that differs only in its worker. */
export function withFailure(model: Progress, { workers, ...failed }: Failed): Progress {
  const message = workers.reduce(
    (text, worker) => text.replaceAll(` on ${worker}`, "").replaceAll(` for ${worker}`, ""),
    failed.message,
  );
  const at = model.failures.findIndex(
    (other) => other.what === failed.what && other.message === message && other.workers.length > 0,
  );
  const same = model.failures[at];
  if (same) {
    const all = { ...same, workers: [...new Set([...same.workers, ...workers])] };
    return { ...model, failures: model.failures.with(at, all) };
  }
  if (model.failures.length >= FAILURES_KEPT) return { ...model, moreFailures: model.moreFailures + 1 };
  return { ...model, failures: [...model.failures, { ...failed, workers, message }] };
}

export function withWarning(model: Progress, text: string): Progress {
  const warnings = new Map(model.warnings);
  warnings.set(text, (warnings.get(text) ?? 0) + 1);
  return { ...model, warnings };
}
