import { resolve } from "node:path";
import { Command, EXIT, listOf, Option, printProblems } from "@maand/command";
import { confirm, EngineCommand } from "@maand/command/internal";
import { MaandError } from "@maand/core";
import {
  adoptBucket,
  build,
  deploy,
  deployRelease,
  expectedStops,
  type OpenedBucket,
  planDeploy,
  planRelease,
  typedWorkers,
} from "@maand/core/internal";
import type { SavedPlan } from "@maand/saved-plans";
import { refreshAfterBuild } from "../defaults.ts";
import { confirmStops } from "../output/confirmations.ts";
import { showPlan } from "../output/deploy/show-plan.ts";
import { allOf, jsonReader } from "../output/json-reader.ts";
import type { TraceRun } from "../output/trace/trace-run.ts";
import { exitOfDeploy } from "../run/exit-of-deploy.ts";

/** `maand deploy`. */
export class DeployCommand extends EngineCommand {
  static override paths = [["deploy"]];
  static override usage = Command.Usage({
    category: "Deploy",
    description: "deploy the catalog to the workers",
    details:
      "Stops removed and disabled allocations and syncs changed files to the workers. Then starts, restarts or reloads allocations in small batches with health checks in between, and records what runs. Does not touch unchanged allocations. If a deploy fails, run it again to resume. --trace writes trace.json in the directory of the run's record, unless you name another file.",
    examples: [
      ["Deploy what changed", "maand deploy"],
      ["Build first", "maand deploy --build"],
      ["Show what would happen, and why", "maand deploy --dry-run"],
      ["Also show the changes in each file", "maand deploy --dry-run --diff"],
      ["One job, even if unchanged", "maand deploy --force --jobs api"],
      ["Exactly a saved plan, or nothing", "maand deploy --plan plan.json"],
      ["A release that is held", "maand deploy --jobs api --release r14"],
      ["On some workers only", "maand deploy --workers 10.0.0.1,label:canary"],
      ["Even if one worker is down", "maand deploy --max-unreachable 1"],
      ["Sync files without running anything", "maand deploy --sync-only --jobs api"],
      ["Inspect the workers first, and repair what was changed there", "maand deploy --verify"],
      ["Measure the time of each plugin", "maand deploy --trace"],
    ],
  });

  jobs = Option.Array("--jobs", [], {
    description: "Roll out only these jobs, comma-separated; does not limit stops.",
  });
  savedPlan = Option.String("--plan", {
    description: "Carry out exactly this plan, or refuse it if outdated. No planning flags.",
  });
  build = Option.Boolean("-b,--build", false, { description: "Build first." });
  allowOlder = Option.Boolean("--allow-older", false, {
    description: "With --build: build a workspace without the commit of the last build.",
  });
  release = Option.String("--release", {
    description: "With --jobs and one job: deploy this release of the job, and end its hold.",
  });
  revert = Option.Boolean("--revert", {
    description: "Revert failed rollouts regardless of manifests; --no-revert: revert none.",
  });
  dryRun = Option.Boolean("-n,--dry-run", false, { description: "Show what would happen without changing anything." });
  force = Option.Boolean("--force", false, { description: "Upgrade all selected allocations, even unchanged ones." });
  syncOnly = Option.Boolean("--sync-only", false, { description: "Sync files without running lifecycle commands." });
  ignoreBudget = Option.Boolean("--ignore-budget", false, {
    description: "Ignore availability budgets in an emergency; maand records this.",
  });
  diff = Option.Boolean("--diff", false, {
    description: "With --dry-run: show the changes in each file, with secrets masked.",
  });
  withHooks = Option.Boolean("--with-hooks", false, {
    description: "With --dry-run: also run pre_deploy and discard what it writes.",
  });
  exitCode = Option.Boolean("--exit-code", false, {
    description: "With --dry-run: exit with 4 if changes are pending.",
  });

  workers = Option.Array("-w,--workers", [], {
    description: "Change only these workers: hosts, hostnames, label:x, zone:x.",
  });
  labels = Option.Array("-l,--labels", [], { description: "Change only workers with any of these labels." });
  maxUnreachable = Option.String("--max-unreachable", {
    description: "Continue without unreachable workers, up to this many: 2 or 10%.",
  });
  verify = Option.Boolean("--verify", false, {
    description: "Inspect the workers first, and repair what was changed on them.",
  });
  takeOver = Option.Boolean("--take-over", false, {
    description: "Run maand adopt first, then deploy with --verify.",
  });
  repair = Option.String("--repair", {
    description: "With --verify: sync (files only), or policy (default; also restarts).",
  });
  repairAgain = Option.Boolean("--repair-again", false, {
    description: "With --verify: also repair differences that came back after three repairs.",
  });

  verbose = Option.Boolean("--verbose", false, {
    description: "Print all output of make and hooks, even on a terminal.",
  });

  yes = Option.Boolean("-y,--yes", false, {
    description: "Stop jobs, and remove workers in a build, without confirmation.",
  });
  trace = Option.String("--trace", {
    tolerateBoolean: true,
    description: "Measure plugins: print a table, and write a trace file (--trace=FILE).",
  });

  override async work(): Promise<number> {
    this.refuseForDryRunsOnly();
    this.checkRepair();
    const saved = await this.readSavedPlan();
    if (this.release !== undefined) this.onlyJob();
    const trace = await this.startTrace();
    const readers = [
      await this.progress(this.verbose),
      ...(this.json && !this.dryRun ? [jsonReader(this.context.stdout)] : []),
    ];
    return this.withEngine(
      async (bucket) => {
        trace?.opened(bucket.paths.logs);
        if (this.takeOver) await adoptBucket(bucket);
        if (this.build) await this.buildFirst(bucket);
        return this.dryRun ? this.plan(bucket) : this.deploy(bucket, saved);
      },
      allOf(readers),
      trace?.tracer,
    ).finally(() => this.endTrace(trace));
  }

  async startTrace(): Promise<TraceRun | undefined> {
    if (this.trace === undefined) return undefined;
    const wanted = typeof this.trace === "string" ? resolve(this.from, this.trace) : undefined;
    if (this.dryRun && wanted === undefined)
      throw new MaandError({
        code: "USAGE",
        message: "a dry run writes no record of a run, so --trace needs a file name",
        hint: "name a file: --trace=FILE",
      });
    const { traceRun } = await import("../output/trace/trace-run.ts");
    return traceRun(wanted, { command: this.dryRun ? "deploy --dry-run" : "deploy", startedAt: this.context.now() });
  }

  /**
   * Writes and prints the trace, whatever the outcome of the deploy. A trace that cannot be written does not change the
   * outcome.
   */
  async endTrace(trace: TraceRun | undefined): Promise<void> {
    if (trace === undefined) return;
    const { endTrace } = await import("../output/trace/end-trace.ts");
    endTrace(trace, this);
  }

  async buildFirst(bucket: OpenedBucket): Promise<void> {
    const { problems } = await build(bucket, {
      deploys: !this.dryRun,
      allowOlder: this.allowOlder,
      allowLoss: this.yes,
    });
    printProblems(problems, this.context.stderr, this.style("stderr"));
    await refreshAfterBuild(bucket, this);
  }

  async deploy(bucket: OpenedBucket, saved: SavedPlan | undefined): Promise<number> {
    // a saved plan was already reviewed, and stops only the listed allocations
    if (!saved) await confirm(this, () => confirmStops(expectedStops(bucket, this.options.workers)));
    return exitOfDeploy(await this.start(bucket, saved));
  }

  async start(bucket: OpenedBucket, saved: SavedPlan | undefined) {
    const { release, options } = this;
    if (saved) {
      const { deployPlan } = await import("@maand/saved-plans");
      return deployPlan(bucket, saved);
    }
    if (release === undefined) return deploy(bucket, options);
    return deployRelease(bucket, { ...options, release, job: this.onlyJob() });
  }

  async plan(bucket: OpenedBucket): Promise<number> {
    const { release } = this;
    const options = { ...this.options, diff: this.diff, withHooks: this.withHooks, brief: !this.json };
    const plan = await (release === undefined
      ? planDeploy(bucket, options)
      : planRelease(bucket, { ...options, release, job: this.onlyJob() }));
    showPlan(this, bucket, plan, "deploy");
    if (plan.failures.length > 0) return EXIT.failed;
    return this.exitCode && plan.required ? EXIT.pending : EXIT.ok;
  }

  /** The job whose release `--release` names. */
  onlyJob(): string {
    const [job, ...others] = this.options.jobs;
    if (job !== undefined && others.length === 0) return job;
    throw new MaandError({
      code: "USAGE",
      message: "--release names a release of one job",
      hint: "write --jobs api --release r14",
    });
  }

  /** Refuses flags that cannot be combined. In particular, a flag that only shows changes must not start a deploy. */
  refuseForDryRunsOnly(): void {
    if (this.allowOlder && !this.build)
      throw new MaandError({
        code: "USAGE",
        message: "--allow-older requires --build",
        hint: "only a build reads the workspace",
      });
    if (this.dryRun && this.takeOver)
      throw new MaandError({
        code: "USAGE",
        message: "--take-over cannot be used with --dry-run",
        hint: "run maand adopt, which changes nothing on the workers, then maand deploy --dry-run",
      });
    if (this.dryRun) return;
    if (this.exitCode)
      throw refused("--exit-code", "a deploy exits with 0 if it succeeds and with 1 if something fails");
    if (this.diff) throw refused("--diff", "run maand deploy --dry-run --diff first, then maand deploy");
    if (this.withHooks) throw refused("--with-hooks", "a deploy always runs hooks and keeps what they write");
  }

  /**
   * The plan of `--plan`, read before the bucket is opened. The plan defines everything, so flags that select or change
   * work are refused.
   */
  async readSavedPlan(): Promise<SavedPlan | undefined> {
    if (this.savedPlan === undefined) return undefined;
    const { jobs, build, release, revert, dryRun, force, syncOnly, verify } = this;
    const others = {
      jobs: jobs.length > 0,
      ...{ workers: this.workers.length > 0, labels: this.labels.length > 0 },
      ...{ build, force, verify, "take-over": this.takeOver, "sync-only": syncOnly, "dry-run": dryRun },
      ...{ "ignore-budget": this.ignoreBudget, "max-unreachable": this.maxUnreachable !== undefined },
      ...{ release: release !== undefined, revert: revert === true, "no-revert": revert === false },
    };
    const other = Object.entries(others).find(([, isGiven]) => isGiven)?.[0];
    if (other === undefined) {
      const { loadPlan } = await import("../output/plan/write-plan.ts");
      return loadPlan(resolve(this.from, this.savedPlan), this.savedPlan);
    }
    throw new MaandError({
      code: "USAGE",
      message: `--${other} cannot be used with --plan: the plan defines everything`,
      hint: "leave it out, or make a new plan with it; to list the flags, run maand plan --help",
    });
  }

  checkRepair(): void {
    const { repair, repairAgain } = this;
    const verify = this.verify || this.takeOver;
    if (repair === undefined && !repairAgain && !verify) return;
    const usage = (message: string, hint: string) => new MaandError({ code: "USAGE", message, hint });
    if (!verify)
      throw usage(
        `${repairAgain ? "--repair-again" : "--repair"} requires --verify`,
        "maand deploy --verify --repair sync",
      );
    if (repair !== undefined && repair !== "sync" && repair !== "policy")
      throw usage(`--repair ${repair} is not valid`, "write --repair sync or --repair policy");
    if (this.syncOnly) throw usage("--verify cannot be used with --sync-only", "write --verify --repair sync");
    if (this.release !== undefined)
      throw usage("--verify cannot be used with --release", "deploy the release first, then run maand deploy --verify");
  }

  get options() {
    const { force, syncOnly, revert, ignoreBudget, repair, repairAgain } = this;
    const verify = this.verify || this.takeOver;
    const mode = repair === "sync" ? ("sync" as const) : ("policy" as const);
    const workers = typedWorkers({ workers: listOf(this.workers), labels: listOf(this.labels) });
    const { maxUnreachable } = this;
    const limits = { workers, maxUnreachable, ignoreBudget };
    return {
      jobs: listOf(this.jobs),
      force,
      syncOnly,
      revert,
      ...limits,
      ...(verify ? { verify: mode, repairAgain } : {}),
    };
  }
}

function refused(flag: string, hint: string): MaandError {
  return new MaandError({ code: "USAGE", message: `${flag} requires --dry-run`, hint });
}
