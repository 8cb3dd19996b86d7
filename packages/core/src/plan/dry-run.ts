import type { Maand, RunFrame } from "../bucket/bucket.ts";
import type { Job } from "../domain/workspace/job.ts";
import { isTapped } from "../plugin-api/hooks.ts";
import { type Acting, acting } from "../run/command-run.ts";
import { actingContext } from "../run/scope/acting-context.ts";
import { KvOverlay } from "../store/kv-overlay.ts";

/** What a dry run plans with. */
export interface Rehearsal extends Acting {
  /** Runs what comes before a job is planned, if that was asked for. Throws what failed. */
  before(job: Job): Promise<void>;
}

/**
 * Opens what a dry run plans with. With `hooks`, what goes before the plan of each job is run, on top of the KV store:
 * planning sees what it wrote, and nobody ever stores it (decision 6).
 */
export function rehearse(maand: Maand, frame: RunFrame, hooks: boolean): Rehearsal {
  const { kv, mask, now } = maand;
  const aside = new KvOverlay(kv, { now, onSecret: (value) => mask.add(value) });
  const source = acting(hooks ? { ...maand, kv: aside } : maand, frame);
  return Object.assign(source, {
    async before(job: Job) {
      if (hooks) await maand.hooks.before.promise(actingContext(source, job));
    },
  });
}

/** Whether a deploy runs something before it plans a job, which may change what it does. */
export function runsFirst({ hooks }: Pick<Maand, "hooks">, job: Job): boolean {
  return isTapped(hooks.before, job) && job.commands.some(({ executedOn }) => executedOn.includes("pre_deploy"));
}
