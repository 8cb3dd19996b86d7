import { Command, EXIT } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { type BucketPaths, type Finding, findBucket, isMaandError } from "@maand/core/readonly";
import { findingLines } from "../output/findings.ts";

/** `maand doctor`. */
export class DoctorCommand extends EngineCommand {
  static override paths = [["doctor"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "check the bucket, this machine and the workers, and show fixes",
    details:
      "Checks permissions, keys, the store, the workspace and every worker without changing them. Records each worker that lost its files, so that the next deploy restores them. Shows the command that fixes each problem. Exits with 1 if it finds a problem.",
    examples: [
      ["Check everything", "maand doctor"],
      ["For a program", "maand doctor --json"],
    ],
  });

  override async work(): Promise<number> {
    const findings = await this.#look(findBucket(this.from));
    if (this.json) this.printJson(findings);
    else for (const line of findingLines(findings, this.style("stdout"), this.quiet)) this.print(line);
    return findings.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed;
  }

  /** If the bucket cannot be opened, only checks that need no open bucket run, and the reason becomes a finding. */
  async #look(paths: BucketPaths): Promise<Finding[]> {
    const { examine, examineBucket } = await import("../doctor/doctor.ts");
    const outside = examineBucket(paths);
    if (outside.some(({ check, ok }) => /^(installation|store)$/.test(check) && !ok)) return outside;
    try {
      const inside = await this.withEngine(
        (bucket) => examine(bucket),
        () => {}, // problems are reported together at the end
      );
      const warned = new Set(outside.map(({ check, where }) => `${check} ${where}`));
      return [...outside, ...inside.filter(({ check, where }) => !warned.has(`${check} ${where}`))];
    } catch (cause) {
      if (!isMaandError(cause) || cause.code === "INTERRUPTED") throw cause;
      return [...outside, ...refused(cause)];
    }
  }
}

/** Why a bucket cannot be opened: usually a problem in its configuration. */
function refused({
  message,
  hint,
  problems,
}: {
  message: string;
  hint: string | undefined;
  problems: readonly { where: string; message: string; hint?: string }[];
}): Finding[] {
  const reported = problems.length > 0 ? problems : [{ where: ".", message, hint }];
  return reported.map((one) => ({
    check: "config",
    where: one.where,
    ok: false,
    message: one.message,
    hint: one.hint === undefined ? null : `# ${one.hint}`,
  }));
}
