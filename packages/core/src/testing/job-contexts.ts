import type { Problem } from "../domain/checks/problem.ts";
import { DEFAULT_SETTINGS } from "../domain/settings/settings.ts";
import type { JobContext } from "../plugin-api/base-contexts.ts";
import type { PermitContext } from "../plugin-api/contexts/permit-context.ts";
import type { CommitBuildContext, CommitContext } from "../plugin-api/contexts/recorded-context.ts";
import type {
  BatchContext,
  BeginContext,
  CommandContext,
  HealthResult,
  InitContext,
  OrchestrateContext,
  ValidateContext,
  VerifyContext,
} from "../plugin-api/contexts.ts";
import type { ScopedJobContext } from "../plugin-api/scope.ts";
import { fakeKv } from "./fake-kv.ts";
import { fakeRemote } from "./fake-remote.ts";
import { fakeScope } from "./fake-scope.ts";
import { type Recording, runContext } from "./run-context.ts";
import { aJob, anAllocation, aWorker } from "./samples.ts";

/** `init`: bucket `bucket`, in 1970. */
export function initContext(over: Partial<InitContext> = {}): InitContext & Recording {
  return { ...runContext(over), now: () => new Date(0), plugins: [], wrote: () => undefined, ...over };
}

/** `validate`: one job `api` on no worker; `problems` contains the reported problems. */
export function validateContext(
  over: Partial<ValidateContext> = {},
): ValidateContext & { readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  return {
    settings: DEFAULT_SETTINGS,
    now: () => new Date(0),
    bucket: { root: "/bucket" },
    jobs: [aJob()],
    workers: [],
    allocations: [],
    read: () => new Uint8Array(),
    kv: () => fakeKv(),
    runBy: () => undefined,
    report: (problem) => {
      problems.push(problem);
    },
    ...over,
    problems,
  };
}

/** Job `api` with one allocation: the base of every context of a job. */
export function jobContext(over: Partial<JobContext> = {}): JobContext & Recording {
  const job = over.job ?? aJob();
  return { ...runContext(over), job, allocations: [anAllocation({ job: job.name })], ...over };
}

/** `beforeJob`, `afterJob`, `afterBuild`: job `api`, with a scope without effects ({@link fakeScope}). */
export function scopedJobContext(over: Partial<ScopedJobContext> = {}): ScopedJobContext & Recording {
  const base = jobContext(over);
  return {
    ...base,
    tmp: () => "/bucket/tmp/run",
    read: () => new Uint8Array(),
    pieces: () => [],
    demandsOn: () => [],
    scope: (allocation) => fakeScope({ allocation, newVersion: base.job.version, log: base.log }),
    ...over,
  };
}

/** `command`: the command `command_ask` of job `api`, one allocation at a time. */
export function commandContext(over: Partial<CommandContext> = {}): CommandContext & Recording {
  return { ...scopedJobContext(over), command: "command_ask", concurrency: 1, ...over };
}

/** `started`, `promote`: the only batch of a job, with all its allocations. */
export function batchContext(over: Partial<BatchContext> = {}): BatchContext & Recording {
  const base = scopedJobContext(over);
  return {
    ...base,
    batch: { index: 0, count: 1, phase: "update", allocations: base.allocations },
    rolloutOrder: base.allocations.map((allocation) => allocation.host),
    rolloutOrderSource: "default",
    ...over,
  };
}

/** `begin`: a deploy of all jobs, in 1970. */
export function beginContext(over: Partial<BeginContext> = {}): BeginContext & Recording {
  return { ...runContext(over), now: () => new Date(0), jobs: [], ...over };
}

/** `permit`: the first wave starts job `api` on `10.0.0.1`. */
export function permitContext(over: Partial<PermitContext> = {}): PermitContext & Recording {
  const allocations = [{ worker: aWorker(), action: "start", currentVersion: "0.0.0" }] as const;
  const first = { step: "rollout", deploymentSeq: 0, jobs: [{ job: aJob(), allocations }] } as const;
  const changes = over.changes ?? over.wave ?? first;
  return { ...runContext(over), ...over, changes, wave: changes };
}

/** `orchestrate`: a job whose allocations are all new; `calls` records rollouts and health checks. */
export function orchestrateContext(
  over: Partial<OrchestrateContext> = {},
): OrchestrateContext & Recording & { readonly calls: readonly string[] } {
  const calls: string[] = [];
  const base = scopedJobContext(over);
  return {
    ...base,
    newAllocations: base.allocations.map((allocation) => allocation.host),
    updatedAllocations: [],
    rollOut: async (hosts) => void calls.push(`roll out ${hosts.join(" ")}`),
    checkHealth: async () => void calls.push("check health"),
    ...over,
    calls,
  };
}

/** `verify`: checks all allocations that are not disabled, once; `results` records the reported checks. */
export function verifyContext(
  over: Partial<VerifyContext> = {},
): VerifyContext & Recording & { readonly results: readonly HealthResult[] } {
  const results: HealthResult[] = [];
  const base = scopedJobContext(over);
  return {
    ...base,
    active: base.allocations.filter((allocation) => !allocation.disabled),
    wait: false,
    remote: async (host) => fakeRemote({ host }),
    report: (result) => {
      results.push(result);
    },
    checkEvery: () => undefined,
    ...over,
    results,
  };
}

/** `commit`: a successful run without changes. */
export function commitContext(over: Partial<CommitContext> = {}): CommitContext & Recording {
  return {
    ...commitBuildContext(over),
    summary: { outcome: "ok", allocations: [], failures: [], blocked: [], paused: [], warnings: [], unbuilt: [] },
    ...over,
  };
}

/** `commitBuild`: a build without jobs. */
export function commitBuildContext(over: Partial<CommitBuildContext> = {}): CommitBuildContext & Recording {
  return {
    ...runContext(over),
    now: () => new Date(0),
    jobs: [],
    allocations: [],
    kv: () => fakeKv(),
    promotedFiles: () => [],
    readPromoted: () => undefined,
    ...over,
  };
}
