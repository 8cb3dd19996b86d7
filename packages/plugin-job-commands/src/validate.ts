import { didYouMean, error, type Job, type JobCommand, type Report, type ValidateContext } from "@maand/core";
import { EVENTS } from "./events.ts";
import { ENDINGS, MODULES, scriptsOf } from "./process/scripts.ts";

/** Checks the commands of every job: whether their events are known, and each has exactly one script. */
export function validateCommands({ jobs, report }: Pick<ValidateContext, "jobs" | "report">): void {
  for (const job of jobs) {
    for (const command of job.commands) {
      validateEvents(job, command, report);
      validateOnce(job, command, report);
      validateScript(job, command, report);
    }
  }
}

function validateEvents(job: Job, { name, executedOn }: JobCommand, report: Report): void {
  for (const event of executedOn.filter((one) => !EVENTS.some((known) => known === one))) {
    report(
      error(
        "invalid_command",
        `${manifest(job)}: commands.${name}.executed_on`,
        `there is no event "${event}"`,
        didYouMean(event, EVENTS) ?? `events: ${EVENTS.join(", ")}`,
      ),
    );
  }
}

/** Refuses `once` for an event that occurs for each allocation that stops. */
function validateOnce(job: Job, { name, executedOn, once }: JobCommand, report: Report): void {
  if (once !== true || !executedOn.includes("after_allocation_stopped")) return;
  const hint = "remove once, or write a separate command for after_allocation_stopped";
  const message = "cannot be used with after_allocation_stopped, which runs for each allocation that stops";
  report(error("invalid_command", `${manifest(job)}: commands.${name}.once`, message, hint));
}

function validateScript(job: Job, { name }: JobCommand, report: Report): void {
  const scripts = scriptsOf(job, name);
  if (scripts.length === 1) return;
  const where = `${manifest(job)}: commands.${name}`;
  const found = scripts.map(({ path }) => path);
  report(
    scripts.length === 0
      ? error(
          "missing_script",
          where,
          `there is no script ${MODULES}/${name}${ENDINGS.join(", ")}`,
          `create workspace/jobs/${job.name}/${MODULES}/${name}.py, or remove the command`,
        )
      : error("invalid_command", where, `has more than one script: ${found.join(", ")}`, "keep one of them"),
  );
}

function manifest({ name }: Job): string {
  return `workspace/jobs/${name}/manifest.json`;
}
