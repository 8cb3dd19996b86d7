import type { Style } from "@maand/command";
import { type Finished, hasProblems, hostsOf, isReported, isWrong, type JobEnd, type Result } from "./job-ends.ts";

/** The next command after an incomplete deploy, and what to fix first. */
export function nextLine(event: Finished, jobs: readonly JobEnd[], style: Style): string[] {
  if (event.outcome === "ok" || event.outcome === "paused") return [];
  const again = style.strong("maand deploy");
  if (event.outcome === "interrupted") return [`  next: ${again} resumes this deploy`];
  const workers = hostsOf(event.allocations.filter(isAway));
  const atFault = jobs.filter(isAtFault);
  if (event.outcome === "reverted")
    return [`  next: fix ${listed(atFault.map(nextSteps))}, then run ${style.strong("maand deploy --build")}`];
  // a fix in the workspace must be built before it can be deployed
  const build = atFault.some((job) => !isGone(job)) ? style.strong("maand deploy --build") : again;
  return [`  next: fix ${listed([...atFault.map(nextSteps), ...workers])}, then run ${build} to resume`];
}

/** Whether the job itself needs a fix: no other job blocks it, and it has a failure other than unreachable workers. */
function isAtFault(job: JobEnd): boolean {
  if (!hasProblems(job) || job.by !== undefined) return false;
  const wrong = job.results.filter(isWrong);
  const reported = job.failures.every((failure) => isReported(failure, wrong));
  return !reported || wrong.length === 0 || !wrong.every(isAway);
}

function isAway({ outcome }: Result): boolean {
  return outcome === "unreachable";
}

/** What to fix. A removed job is no longer in the workspace, so the fix is its cleanup on the workers. */
function nextSteps(job: JobEnd): string {
  return isGone(job) ? `the cleanup of ${job.name} on ${hostsOf(job.results.filter(isWrong)).join(", ")}` : job.name;
}

/** Whether only the removal of a job failed. */
function isGone({ results, failures }: JobEnd): boolean {
  const wrong = results.filter(isWrong);
  return failures.length === 0 && wrong.length > 0 && wrong.every(({ action }) => action === "remove");
}

/** `a`, `a and b`, `a, b and c`. */
function listed(names: readonly string[]): string {
  if (names.length <= 1) return names[0] ?? "what failed";
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
