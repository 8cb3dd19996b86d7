import type { Style } from "@maand/command";
import type { Plan, SummaryRecord } from "@maand/core/internal";

type PlanJob = Plan["waves"][number]["jobs"][number];

/** The steps of a staged rollout that a deploy carries out, and what waits for later ones. */
export function stepLines({ job, steps }: Pick<PlanJob, "job" | "steps">, style: Style): string[] {
  if (!steps) return [];
  const written = job.rollout?.steps ?? [];
  const lines = steps.parts.map(({ step, hosts }) => {
    const name = `step ${step + 1} of ${written.length}`;
    if (hosts.length > 0) return `${name} (${written[step]}): ${hosts.join(", ")}`;
    if (written[step] === "pause") return `${name} ${style.warn("pauses")}: ${rolloutCommands(job.name)}`;
    return written[step]?.endsWith("%") || /^\d+$/.test(written[step] ?? "")
      ? `${name} (${written[step]}): checks the health of what it rolled out`
      : `${name} waits ${written[step]}`;
  });
  const hosts = steps.waiting.map(({ allocation }) => allocation.host);
  return [...lines, ...(hosts.length > 0 ? [`waits: ${hosts.join(", ")}`] : [])].map((line) => `    ${line}`);
}

/** The commands that end a pause. */
export function rolloutCommands(job: string): string {
  return `maand rollout resume ${job} goes on, maand rollout abort ${job} goes back`;
}

/** A paused rollout at the end of a deploy, and the two commands that end the pause. */
export function pausedLine(
  { job, release, previous, step, steps }: SummaryRecord["paused"][number],
  style: Style,
): string {
  const [resume, abort] = [`maand rollout resume ${job}`, `maand rollout abort ${job}`].map((text) =>
    style.strong(text),
  );
  const back = previous === null ? "goes back" : `goes back to ${previous}`;
  return `  ${style.warn("paused:")} ${job} ${release} at step ${step} of ${steps}; ${resume} goes on, ${abort} ${back}`;
}
