import { type Job, type JobFile, type Problem, type ValidateContext, warning } from "@maand/core";
import { MODULES } from "./process/scripts.ts";

type Context = Pick<ValidateContext, "jobs" | "read" | "report">;

/** The port on which the earlier maand, written in Go, listened for the scripts of job commands. */
const FIXED_PORT = /(?<!\d)8080(?!\d)/;

/** Names of this machine in a line that sends a request to it. */
const THIS_MACHINE = /\blocalhost\b|127\.0\.0\.1|\[::1\]|JOB_COMMAND_API_HOST/;

const CODE = /\.(py|[cm]?[jt]s|sh)$/;
const COMMENT = /^\s*(#|\/\/|\*)/;
const HINT = "use the library next to the script (import maand), or JOB_COMMAND_API_PORT and JOB_COMMAND_API_TOKEN";

/**
 * Warns about scripts that use port 8080, on which the earlier maand, written in Go, listened. This version of maand
 * does not listen there. A script may mistake the refused connection for a missing value and continue.
 */
export function validateApiPort({ jobs, read, report }: Context): void {
  for (const job of jobs) {
    if (job.commands.length === 0) continue;
    const scripts = job.files.filter(({ path }) => path.startsWith(`${MODULES}/`) && CODE.test(path));
    for (const file of scripts) for (const problem of problemsIn(job, file, read)) report(problem);
  }
}

function problemsIn(job: Job, file: JobFile, read: Context["read"]): Problem[] {
  const text = Buffer.from(read(file)).toString("utf8");
  if (!FIXED_PORT.test(text) || !THIS_MACHINE.test(text)) return [];
  const isRequestElsewhere = text.includes("JOB_COMMAND_API_HOST");
  return text.split("\n").flatMap((line, at) => {
    const isFixed = FIXED_PORT.test(line) && (isRequestElsewhere || THIS_MACHINE.test(line)) && !COMMENT.test(line);
    if (!isFixed) return [];
    const where = `workspace/jobs/${job.name}/${file.path}:${at + 1}`;
    const message = "uses port 8080, where the Go program listened; this version of maand does not";
    return [warning("fixed_api_port", where, message, HINT)];
  });
}
