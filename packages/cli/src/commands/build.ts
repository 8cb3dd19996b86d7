import { Command, Option, plural, printProblems } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { type Built, build } from "@maand/core/internal";
import { refreshAfterBuild } from "../defaults.ts";

/** `maand build`. */
export class BuildCommand extends EngineCommand {
  static override paths = [["build"]];
  static override usage = Command.Usage({
    category: "Deploy",
    description: "check the workspace and store its catalog",
    details:
      "Reads and checks workspace/, and stores the catalog that deploy uses. Reports all problems together. If there is an error, the previous catalog stays in effect. Contacts no worker.",
    examples: [
      ["Build", "maand build"],
      ["Treat warnings as errors", "maand build --strict"],
      ["Delete variables and secrets of removed jobs", "maand build --purge-job-kv"],
    ],
  });

  strict = Option.Boolean("--strict", false, { description: "Treat warnings as errors." });

  purgeJobKv = Option.Boolean("--purge-job-kv", false, {
    description: "Delete variables and secrets of removed jobs immediately.",
  });

  allowOlder = Option.Boolean("--allow-older", false, {
    description: "Build a workspace that does not contain the commit of the last build.",
  });

  yes = Option.Boolean("-y,--yes", false, {
    description: "Build even if workers_command omits more than half of the workers.",
  });

  override async work(): Promise<number> {
    const { strict, purgeJobKv, allowOlder, yes: allowLoss } = this;
    return this.withEngine(async (bucket) => {
      const built = await build(bucket, { strict, purgeJobKv, allowOlder, allowLoss });
      await refreshAfterBuild(bucket, this);
      printProblems([...bucket.loaded.warnings, ...built.problems], this.context.stderr, this.style("stderr"));
      this.warnOfHolds(built.held);
      if (this.json) this.printJson(counts(built));
      else if (!this.quiet) this.print(sentence(built));
      return 0;
    });
  }
}

function counts({ catalog, allocations, problems }: Built) {
  return { workers: catalog.workers.length, jobs: catalog.jobs.length, allocations, warnings: problems.length };
}

function sentence(built: Built): string {
  const { workers, jobs, allocations } = counts(built);
  return `built: ${plural(jobs, "job")} on ${plural(workers, "worker")}, ${plural(allocations, "allocation")}`;
}
