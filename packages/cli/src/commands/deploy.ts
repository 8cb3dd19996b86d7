import { EXIT, listOf, MaandCommand, printProblems } from "@maand/command";
import { build, deploy, MaandError, type OpenedBucket, planDeploy } from "@maand/core";
import { Command, Option } from "clipanion";
import { planLines, planRecord } from "../output/deploy/plan.ts";
import { jsonReader } from "../output/deploy/readers.ts";

/** `maand deploy`. */
export class DeployCommand extends MaandCommand {
  static override paths = [["deploy"]];
  static override usage = Command.Usage({
    category: "Deploy",
    description: "bring the workers to the catalog",
    details:
      "Stops what was removed or is disabled, brings changed files to the workers, then starts, restarts or reloads in small batches with health checks between, and remembers per allocation what runs. What did not change is not touched. Running it again continues where an earlier run ended.",
    examples: [
      ["Deploy what changed", "maand deploy"],
      ["Build first", "maand deploy --build"],
      ["Only see what would happen, and why", "maand deploy --dry-run"],
      ["And what changes in which file", "maand deploy --dry-run --diff"],
      ["One job, changed or not", "maand deploy --force --jobs api"],
      ["Bring files only, run nothing", "maand deploy --sync-only --jobs api"],
    ],
  });

  jobs = Option.Array("--jobs", [], {
    description: "Only these jobs, comma-separated. What leaves the workers is not narrowed.",
  });
  build = Option.Boolean("-b,--build", false, { description: "Build first." });
  dryRun = Option.Boolean("-n,--dry-run", false, { description: "Say what would happen, and do nothing." });
  force = Option.Boolean("--force", false, { description: "Upgrade every selected allocation, changed or not." });
  syncOnly = Option.Boolean("--sync-only", false, { description: "Bring files, run no lifecycle." });
  diff = Option.Boolean("--diff", false, {
    description: "With --dry-run: show what changes in each file, line by line; secrets are dots.",
  });
  withHooks = Option.Boolean("--with-hooks", false, {
    description: "With --dry-run: run pre_deploy as well, and keep nothing that it writes.",
  });
  exitCode = Option.Boolean("--exit-code", false, {
    description: "With --dry-run: exit 4 when a deploy would do something.",
  });

  override async work(): Promise<number> {
    this.refuseForDryRunsOnly();
    const readers = [await this.progress(), ...(this.json && !this.dryRun ? [jsonReader(this.context.stdout)] : [])];
    return this.withBucket(
      async (bucket) => {
        if (this.build) printProblems((await build(bucket)).problems, this.context.stderr, this.style("stderr"));
        return this.dryRun ? this.plan(bucket) : this.deploy(bucket);
      },
      (event) => {
        for (const read of readers) read(event);
      },
    );
  }

  async deploy(bucket: OpenedBucket): Promise<number> {
    const { outcome } = await deploy(bucket, this.options);
    if (outcome === "interrupted") return EXIT.interrupted;
    return outcome === "ok" ? EXIT.ok : EXIT.failed;
  }

  async plan(bucket: OpenedBucket): Promise<number> {
    const plan = await planDeploy(bucket, { ...this.options, diff: this.diff, withHooks: this.withHooks });
    if (this.json) {
      const recorded = bucket.store.promoted.recorded();
      const promoted = (id: string) => recorded.get(id)?.promoted;
      this.printJson(
        planRecord(
          plan,
          (id) => promoted(id)?.digest ?? null,
          (id) => promoted(id)?.version ?? "0.0.0",
        ),
      );
    } else for (const line of planLines(plan, this.style("stdout"), this.columns)) this.print(line);
    if (plan.failures.length > 0) return EXIT.failed;
    return this.exitCode && plan.required ? EXIT.pending : EXIT.ok;
  }

  /** Columns of the screen results go to; none when they go elsewhere. */
  get columns(): number | undefined {
    return this.context.stdout.isTTY === true ? this.context.stdout.columns : undefined;
  }

  /** Nobody who asks to be shown something gets a deploy for it. */
  refuseForDryRunsOnly(): void {
    if (this.dryRun) return;
    if (this.exitCode) throw refused("--exit-code", "a deploy has exit codes of its own: 0 done, 1 something failed");
    if (this.diff) throw refused("--diff", "run maand deploy --dry-run --diff to look first, then maand deploy");
    if (this.withHooks) throw refused("--with-hooks", "a deploy runs hooks anyway, and keeps what they write");
  }

  get options() {
    return { jobs: listOf(this.jobs), force: this.force, syncOnly: this.syncOnly };
  }
}

function refused(flag: string, hint: string): MaandError {
  return new MaandError({ code: "USAGE", message: `${flag} goes with --dry-run`, hint });
}
