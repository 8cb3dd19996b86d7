import { resolve } from "node:path";
import { Command, EXIT, listOf, Option, plural, printProblems } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { MaandError } from "@maand/core";
import { type OpenedBucket, typedWorkers } from "@maand/core/internal";
import { type MadePlan, makePlan, planText, planWorkspace } from "@maand/saved-plans";
import { planLines } from "../output/deploy/plan.ts";
import { planMarkdown } from "../output/plan/plan-markdown.ts";
import { writePlan } from "../output/plan/write-plan.ts";

const FORMATS = ["text", "json", "markdown"] as const;
type Format = (typeof FORMATS)[number];

/** `maand plan`. */
export class PlanCommand extends EngineCommand {
  static override paths = [["plan"]];
  static override usage = Command.Usage({
    category: "Deploy",
    description: "show what a deploy would do, and save it for approval",
    details:
      "Plans a deploy as maand deploy --dry-run does, and changes nothing. --out writes a file with the actions for each allocation and everything that the plan depends on. maand deploy --plan carries out exactly these actions, or refuses. With --build, plans what a build of the workspace and a deploy would do, and stores nothing.",
    examples: [
      ["Show what would happen", "maand plan"],
      ["Save the plan, and carry it out later", "maand plan --out plan.json"],
      ["For a comment on a pull request", "maand plan --build --out plan.json --format markdown"],
      ["Plan another checkout of the workspace", "maand plan --build --workspace ../checkout/workspace"],
      ["Include the effects of pre_deploy", "maand plan --with-hooks --out plan.json"],
    ],
  });

  jobs = Option.Array("--jobs", [], {
    description: "Roll out only these jobs, comma-separated; does not limit stops.",
  });
  workers = Option.Array("-w,--workers", [], {
    description: "Only these workers: hosts, hostnames, label:x, zone:x; not with --out.",
  });
  labels = Option.Array("-l,--labels", [], { description: "Only workers with any of these labels; not with --out." });
  out = Option.String("--out", { description: "Write the plan to this file." });
  format = Option.String("--format", "text", { description: "text, json or markdown; json prints what --out writes." });
  build = Option.Boolean("-b,--build", false, {
    description: "Plan a build of the workspace and a deploy; store nothing.",
  });
  workspace = Option.String("--workspace", { description: "With --build: the directory of the workspace." });
  withHooks = Option.Boolean("--with-hooks", false, { description: "Also run pre_deploy and discard what it writes." });
  force = Option.Boolean("--force", false, { description: "Upgrade all selected allocations, even unchanged ones." });
  syncOnly = Option.Boolean("--sync-only", false, { description: "Sync files without running lifecycle commands." });
  revert = Option.Boolean("--revert", {
    description: "Revert failed rollouts regardless of manifests; --no-revert: revert none.",
  });
  diff = Option.Boolean("--diff", false, { description: "With --format text: show the changes in each file." });
  exitCode = Option.Boolean("--exit-code", false, { description: "Exit with 4 if changes are pending." });

  override async work(): Promise<number> {
    const format = this.checked();
    return this.withEngine(async (bucket) => {
      const made = await this.make(bucket);
      const { plan, saved } = made;
      if (this.out !== undefined) writePlan(resolve(this.from, this.out), planText(saved));
      this.show(made, format);
      if (plan.failures.length > 0) return EXIT.failed;
      return this.exitCode && plan.required ? EXIT.pending : EXIT.ok;
    });
  }

  async make(bucket: OpenedBucket): Promise<MadePlan> {
    const { jobs, force, syncOnly, revert, withHooks } = this;
    const workers = typedWorkers({ workers: listOf(this.workers), labels: listOf(this.labels) });
    const options = { jobs: listOf(jobs), force, syncOnly, revert, workers };
    if (!this.build) return makePlan(bucket, { ...options, withHooks });
    const workspace = this.workspace === undefined ? undefined : resolve(this.from, this.workspace);
    const made = await planWorkspace(bucket, options, workspace);
    printProblems(made.problems, this.context.stderr, this.style("stderr"));
    return made;
  }

  show(made: MadePlan, format: Format): void {
    if (format === "json") this.print(planText(made.saved).trimEnd());
    else if (format === "markdown") this.print(planMarkdown(made.saved).trimEnd());
    else this.showText(made);
  }

  showText({ plan, saved }: MadePlan): void {
    const { stdout } = this.context;
    const style = this.style("stdout");
    const columns = stdout.isTTY === true ? stdout.columns : undefined;
    const { diffs, ...rest } = plan;
    const shown = this.diff && diffs ? plan : rest;
    for (const line of planLines(shown, style, columns, "plan")) this.print(line);
    if (this.build) for (const note of saved.notes) this.print(`${style.warn("note:")} ${note}`);
    if (this.out === undefined) return;
    const left = plan.undecided.length + plan.failures.length;
    this.print(
      `written to ${this.out} (${saved.digest.slice(0, 12)})${left === 0 ? "" : `, without ${plural(left, "job")}`}`,
    );
    this.print(`  ${style.faint("next:")} maand deploy --plan ${this.out}`);
  }

  /** The format. Throws USAGE for flags that cannot be combined. */
  checked(): Format {
    const format = this.json ? "json" : FORMATS.find((name) => name === this.format);
    if (format === undefined)
      throw usage(`--format ${this.format} is not valid`, `write one of: ${FORMATS.join(", ")}`);
    if ((this.workers.length > 0 || this.labels.length > 0) && (this.out !== undefined || format !== "text"))
      throw usage(
        "--workers and --labels cannot be used with a plan in a file: it covers all workers",
        "save a plan without them, or run maand deploy --workers",
      );
    if (this.workspace !== undefined && !this.build)
      throw usage("--workspace requires --build", "add --build, or leave --workspace out");
    if (this.build && this.withHooks)
      throw usage(
        "--with-hooks cannot be used with --build: no command of an unbuilt workspace is run",
        "run maand build first, or leave --with-hooks out",
      );
    return format;
  }
}

function usage(message: string, hint: string): MaandError {
  return new MaandError({ code: "USAGE", message, hint });
}
