import { duration, type Style } from "@maand/command";
import type { MaandEvent } from "@maand/core";
import type { Plan, SummaryRecord } from "@maand/core/internal";

type PlanJob = Plan["waves"][number]["jobs"][number];

/** The steps of a staged rollout that a deploy carries out, and the workers that wait for later steps. */
export function stepLines({ job, steps }: Pick<PlanJob, "job" | "steps">, style: Style): string[] {
  if (!steps) return [];
  const written = job.rollout?.steps ?? [];
  const lines = steps.parts.map(({ step, hosts }) => {
    const name = `step ${step + 1} of ${written.length}`;
    if (hosts.length > 0) return `${name} (${written[step]}): ${hosts.join(", ")}`;
    if (written[step] === "pause") return `${name} ${style.warn("pauses")}: ${rolloutCommands(job.name)}`;
    return written[step]?.endsWith("%") || /^\d+$/.test(written[step] ?? "")
      ? `${name} (${written[step]}): checks the health of the workers that it rolled out to`
      : `${name} waits ${written[step]}`;
  });
  const hosts = steps.waiting.map(({ allocation }) => allocation.host);
  return [...lines, ...(hosts.length > 0 ? [`waiting: ${hosts.join(", ")}`] : [])].map((line) => `    ${line}`);
}

/** The commands that end a pause. */
export function rolloutCommands(job: string): string {
  return `maand rollout resume ${job} continues, maand rollout abort ${job} goes back`;
}

/** A paused rollout at the end of a deploy, and the two commands that end the pause. */
export function pausedLine(
  { job, release, previous, step, steps, since, started_by: by }: SummaryRecord["paused"][number],
  style: Style,
): string {
  const [resume, abort] = [`maand rollout resume ${job}`, `maand rollout abort ${job}`].map((text) =>
    style.strong(text),
  );
  const back = previous === null ? "goes back" : `goes back to ${previous}`;
  const when = since === null ? "" : ` since ${since.slice(0, 16).replace("T", " ")} UTC`;
  const who = by === null ? "" : `, started by ${by}`;
  return `  ${style.warn("paused:")} ${job} ${release} at step ${step} of ${steps}${when}${who}; ${resume} continues, ${abort} ${back}`;
}

/** The lines of a staged-rollout event; none for other events. */
export function rolloutLines(event: MaandEvent, style: Style): string[] {
  switch (event.type) {
    case "rollout.step": {
      const { job, size, release, workers } = event;
      if (workers.length === 0) return [];
      return [`${style.strong(job)}: ${stepOf(event)} (${size}) of ${release}: ${named(workers)}`];
    }
    case "rollout.soaking":
      return [style.faint(`${event.job}: checking its health for ${event.seconds} s after ${stepOf(event)}`)];
    case "rollout.waiting": {
      const { job, remaining_ms, until } = event;
      return [style.faint(`${job}: ${stepOf(event)} waits ${duration(remaining_ms)}, until ${until}`)];
    }
    case "rollout.paused": {
      const { job, release, waiting } = event;
      return [`${style.warn("paused")} ${job}: ${stepOf(event)} of ${release}; waiting: ${named(waiting)}`];
    }
    default:
      return [];
  }
}

function stepOf({ step, steps }: { readonly step: number; readonly steps: number }): string {
  return `step ${step} of ${steps}`;
}

/** The number of workers that are named; others are counted. */
const WORKERS_SHOWN = 6;

function named(workers: readonly string[]): string {
  const more = workers.length - WORKERS_SHOWN;
  return `${workers.slice(0, WORKERS_SHOWN).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
