import type { MaandEvent } from "@maand/core";
import type { Style } from "./style.ts";
import { duration, plural } from "./words.ts";

type Finished = Extract<MaandEvent, { type: "run.finished" }>;
type Result = Finished["allocations"][number];

/** The end of a deploy, for a tired person: what happened to how much, what failed and why, what to type next. */
export function summaryLines(event: Finished, style: Style): string[] {
  const done = event.allocations.filter(({ outcome }) => outcome === "ok");
  const wrong = event.allocations.filter(
    ({ outcome }) => outcome !== "ok" && outcome !== "skipped" && outcome !== "blocked",
  );
  const left = event.allocations.filter(({ outcome }) => outcome === "blocked");
  return [
    ...perJob(done).map((line) => `  ${line}`),
    ...wrong.flatMap((result) => failureLines(result, style)),
    ...event.failures
      .filter(({ job }) => !wrong.some((result) => result.job === job))
      .flatMap(({ job, message, hint }) => [
        `  ${style.bad("failed")} ${job}: ${message}`,
        ...(hint === null ? [] : [`    ${style.faint("hint:")} ${hint}`]),
      ]),
    ...leftLines(left, event, style),
    ...event.warnings.map((line) => `  ${style.warn("warning")} ${line}`),
    headline(event, style),
    ...next(event),
  ];
}

/** `api: restarted on 3 workers`. */
function perJob(done: readonly Result[]): string[] {
  const groups = new Map<string, number>();
  for (const { job, action } of done)
    groups.set(`${job}: ${PAST[action] ?? action}`, (groups.get(`${job}: ${PAST[action] ?? action}`) ?? 0) + 1);
  return [...groups].map(([text, count]) => `${text} on ${plural(count, "worker")}`);
}

const PAST: Readonly<Record<string, string>> = {
  start: "started",
  restart: "restarted",
  reload: "reloaded",
  sync: "files brought",
  stop: "stopped",
  remove: "stopped and removed",
  promote: "recorded, not started (disabled)",
};

function failureLines({ job, worker_ip, action, outcome, message, output }: Result, style: Style): string[] {
  return [
    `  ${style.bad(outcome.replace("_", " "))} ${action} ${job}@${worker_ip}: ${message ?? ""}`,
    ...output.slice(-3).map((line) => `    ${style.faint("|")} ${line}`),
  ];
}

function leftLines(left: readonly Result[], event: Finished, style: Style): string[] {
  return [...new Set(left.map(({ job }) => job))].map((job) => {
    const hosts = left.filter((result) => result.job === job).map(({ worker_ip }) => worker_ip);
    const by = event.blocked_jobs.find((entry) => entry.job === job)?.by;
    return `  ${style.warn("left")} ${job} on ${hosts.join(", ")}: ${by === undefined ? "an earlier batch failed" : `${by} failed`}`;
  });
}

function headline(event: Finished, style: Style): string {
  const counts = [
    `${event.promoted} promoted`,
    `${event.skipped} unchanged`,
    ...(event.failed > 0 ? [`${event.failed} failed`] : []),
    ...(event.blocked > 0 ? [`${event.blocked} left`] : []),
  ].join(", ");
  const took = style.faint(`in ${duration(event.duration_ms)}`);
  if (event.outcome === "ok") return `${style.good("deploy done:")} ${counts} ${took}`;
  return `${style.bad(event.outcome === "interrupted" ? "deploy interrupted:" : "deploy failed:")} ${counts} ${took}`;
}

function next(event: Finished): string[] {
  if (event.outcome === "ok") return [];
  return [
    event.outcome === "interrupted"
      ? "  next: maand deploy continues where this ended"
      : "  next: mend what failed, then run maand deploy again; it continues from here",
  ];
}
