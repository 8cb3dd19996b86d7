import type { FollowEnd } from "./follow-worker.ts";
import { NOT_DELIVERED } from "./supervisor.ts";

/** The reason why a log ended with an error, and a hint. */
export interface BadEnd {
  readonly message: string;
  readonly hint: string | undefined;
}

/** Explains the end of a job's log on one worker; undefined if its command succeeded or was stopped. */
export function explainEnd(job: string, end: FollowEnd): BadEnd | undefined {
  if (end.outcome === "stopped") return undefined;
  if (end.outcome === "failed") return { message: end.message, hint: end.hint };
  if (hasNoTarget(end.lines))
    return {
      message: `the Makefile of ${job} has no target logs`,
      hint: `add a target logs to workspace/jobs/${job}/Makefile, or "logs" to its manifest, then build and deploy`,
    };
  if (end.code === NOT_DELIVERED)
    return {
      message: `the files of ${job} do not exist on this worker`,
      hint: "run maand deploy, or maand doctor if it was deployed",
    };
  return end.code === 0 ? undefined : { message: `its command exited with code ${end.code}`, hint: undefined };
}

/** Whether make has no rule for `logs`; a phony target without a rule is up to date. */
function hasNoTarget(lines: readonly string[]): boolean {
  return lines.some((line) =>
    /^g?make(\[\d+\])?: .*(No rule to make target|Nothing to be done for) .?logs.?/.test(line),
  );
}
