import { Command, EXIT, listOf, Option } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { MaandError } from "@maand/core";
import { type OpenedBucket, planRollback, type RollbackTarget, rollback } from "@maand/core/internal";
import { showPlan } from "../output/deploy/show-plan.ts";
import { allOf, jsonReader } from "../output/json-reader.ts";
import { exitOfDeploy } from "../run/exit-of-deploy.ts";

/** `maand rollback`. */
export class RollbackCommand extends EngineCommand {
  static override paths = [["rollback"]];
  static override usage = Command.Usage({
    category: "Deploy",
    description: "roll jobs back to an earlier release",
    details:
      "Renders the release with the current KV values and certificates, and rolls it out like a deploy: in batches, with the job's hooks and health checks. Rolls back several jobs in reverse order: each job before the jobs that it depends on. Then holds the replaced release: builds and deploys skip that release until the job changes, or until you run maand deploy --jobs api --release r14.",
    examples: [
      ["To the last release that was healthy everywhere", "maand rollback api"],
      ["Show what would happen", "maand rollback api --dry-run --diff"],
      ["To a release or a version", "maand rollback api --to r12"],
      ["Everything that a run rolled out", "maand rollback --run 41"],
    ],
  });

  jobs = Option.Rest({ name: "job" });
  to = Option.String("--to", { description: "The release or version to roll back to; only for one job." });
  run_ = Option.String("--run", { description: "Roll back every job that this run rolled out." });
  dryRun = Option.Boolean("-n,--dry-run", false, { description: "Show what would happen without changing anything." });
  ignoreBudget = Option.Boolean("--ignore-budget", false, {
    description: "Ignore availability budgets in an emergency; maand records this.",
  });
  diff = Option.Boolean("--diff", false, {
    description: "With --dry-run: show the changes in each file, with secrets masked.",
  });

  verbose = Option.Boolean("--verbose", false, {
    description: "Print all output of make and hooks, even on a terminal.",
  });

  override async work(): Promise<number> {
    const target = this.target();
    const readers = [
      await this.progress(this.verbose),
      ...(this.json && !this.dryRun ? [jsonReader(this.context.stdout)] : []),
    ];
    return this.withEngine(
      (bucket) => (this.dryRun ? this.plan(bucket, target) : this.rollBack(bucket, target)),
      allOf(readers),
    );
  }

  async rollBack(bucket: OpenedBucket, target: RollbackTarget): Promise<number> {
    const summary = await rollback(bucket, target, this.ignoreBudget);
    return exitOfDeploy(summary);
  }

  async plan(bucket: OpenedBucket, target: RollbackTarget): Promise<number> {
    const plan = await planRollback(bucket, target, { diff: this.diff });
    showPlan(this, bucket, plan, "rollback");
    return plan.failures.length > 0 ? EXIT.failed : EXIT.ok;
  }

  /** The selection on the command line. Throws USAGE. */
  target(): RollbackTarget {
    const jobs = this.jobs.length === 0 ? [] : listOf(this.jobs);
    if (this.diff && !this.dryRun) throw usage("--diff requires --dry-run", "add --dry-run, or remove --diff");
    if (this.run_ !== undefined && (jobs.length > 0 || this.to !== undefined))
      throw usage("--run already selects the jobs and their releases", "remove the jobs and --to, or remove --run");
    if (this.run_ === undefined && jobs.length === 0)
      throw usage("no job is given", "write maand rollback <job>, or --run and the number of a run");
    if (this.to !== undefined && jobs.length > 1)
      throw usage("--to names a release of one job", "roll the jobs back one after another, or remove --to");
    if (this.run_ !== undefined && !/^[1-9]\d{0,8}$/.test(this.run_))
      throw usage(`"${this.run_}" is not the number of a run`, "write --run 41");
    return { jobs, to: this.to, run: this.run_ === undefined ? undefined : Number(this.run_) };
  }
}

function usage(message: string, hint: string): MaandError {
  return new MaandError({ code: "USAGE", message, hint });
}
