import type { OnceOptions } from "../plugin-api/action-step.ts";
import type { AllocationContext } from "../plugin-api/base-contexts.ts";
import type {
  ActionContext,
  RenderContext,
  RunOnceContext,
  StoppedContext,
  TargetContext,
} from "../plugin-api/contexts.ts";
import { fakeKv } from "./fake-kv.ts";
import { fakeRemote } from "./fake-remote.ts";
import { jobContext, scopedJobContext } from "./job-contexts.ts";
import type { Recording } from "./run-context.ts";
import { anAllocation, aWorker } from "./samples.ts";

/** The allocation of `api` on `10.0.0.1`. It runs 1.0.0, and its new version is the version of the job. */
export function allocationContext(over: Partial<AllocationContext> = {}): AllocationContext & Recording {
  const base = jobContext(over);
  const worker = over.worker ?? aWorker(over.allocation ? { host: over.allocation.host } : {});
  const allocation = over.allocation ?? anAllocation({ job: base.job.name, host: worker.host });
  return {
    ...base,
    allocation,
    worker,
    currentVersion: "1.0.0",
    newVersion: base.job.version,
    deployReason: "manual",
    ...over,
  };
}

/** `stopped`: the same allocation, with `scope`. */
export function stoppedContext(over: Partial<StoppedContext> = {}): StoppedContext & Recording {
  const { tmp, read, pieces, demandsOn, scope } = scopedJobContext(over);
  return { tmp, read, pieces, demandsOn, scope, ...allocationContext(over), ...over };
}

/** `render`: no sources; every file is empty unless `read` is given, and only the KV entries of `kv` can be read. */
export function renderContext(over: Partial<RenderContext> = {}): RenderContext & Recording {
  return {
    ...allocationContext(over),
    updateSeq: 1,
    root: "/opt/worker/bucket",
    sources: [],
    read: () => new Uint8Array(),
    kv: fakeKv(),
    ...over,
  };
}

/** `rollout`: restart the allocation, with the lifecycle environment, on a fake remote of its worker. */
export function rolloutContext(over: Partial<ActionContext> = {}): ActionContext & Recording {
  return { ...onWorker(over), action: { kind: "restart" }, ...over };
}

/** `runOnce`: the first command of a step that restarts the allocation. */
export function runOnceContext(over: Partial<RunOnceContext> = {}): RunOnceContext & Recording {
  const { once: _, ...base } = onWorker(over);
  const step = over.step ?? { id: "run.api.restart.1", resumes: null, replaces: [], onSettled: () => {} };
  const argv = ["systemctl", "restart", "api"];
  const onLine: RunOnceContext["command"]["onLine"] = (line, stream) => base.log(line, { stream });
  const command = { id: `${step.id}+1`, argv, title: argv.join(" "), env: {}, timeoutMs: 300_000, onLine };
  return { ...base, command, ...over, step };
}

/** `reconcile`: stop the allocation. */
export function reconcileContext(over: Partial<ActionContext> = {}): ActionContext & Recording {
  return rolloutContext({ action: { kind: "stop" }, ...over });
}

/** `target`: run the target `status`. */
export function targetContext(over: Partial<TargetContext> = {}): TargetContext & Recording {
  return { ...onWorker(over), target: "status", ...over };
}

function onWorker(over: Partial<TargetContext>): Omit<TargetContext, "target"> & Recording {
  const base = allocationContext(over);
  const remote = over.remote ?? fakeRemote({ host: base.worker.host });
  const directory = `${remote.root}/jobs/${base.job.name}`;
  return {
    ...base,
    remote,
    once: (argv, options = {}) => {
      const onLine: OnceOptions["onLine"] = (line, stream) => base.log(line, { stream });
      const usual = { asRoot: true, cwd: directory, signal: base.signal, timeoutMs: over.timeoutMs ?? 300_000, onLine };
      return remote.exec(argv, { ...usual, ...options });
    },
    directory,
    env: lifecycleEnvironment(base),
    timeoutMs: 300_000,
    ...over,
  };
}

function lifecycleEnvironment({ allocation, bucket, currentVersion, newVersion }: AllocationContext) {
  return {
    CURRENT_VERSION: currentVersion,
    NEW_VERSION: newVersion,
    JOB: allocation.job,
    WORKER_IP: allocation.host,
    ALLOCATION_ID: allocation.id,
    ALLOCATION_INDEX: String(allocation.index),
    BUCKET_ID: bucket.id,
  };
}
