import { plural, type Style } from "@maand/command";
import type { MaandEvent } from "@maand/core";

type Planned = Extract<MaandEvent, { type: "maintenance.planned" }>;
type Moved = Extract<MaandEvent, { type: "maintenance.worker" }>;
type Finished = Extract<MaandEvent, { type: "maintenance.finished" }>;

/** The lines of a maintenance event; none for other events. */
export function maintenanceLines(event: MaandEvent, style: Style): string[] {
  switch (event.type) {
    case "maintenance.planned":
      return [plannedLine(event, style)];
    case "maintenance.worker":
      return [workerLine(event, style)];
    case "maintenance.finished":
      return finishedLines(event, style);
    default:
      return [];
  }
}

/** The line with the workers and the steps, before maintenance begins. */
function plannedLine({ workers, concurrency, steps, stops_when }: Planned, style: Style): string {
  const pace = workers.length < 2 || concurrency === 1 ? "one after another" : `up to ${concurrency} at a time`;
  const how = workers.length < 2 ? "" : `, ${pace}`;
  return `${style.strong(plural(workers.length, "worker"))}${how}: ${workers.join(", ")}; each: ${steps.join(", ")}; stops when ${stops_when}`;
}

const DOING: Readonly<Record<string, string>> = {
  drain: "stopping its jobs",
  command: "running the command",
  reboot: "rebooting",
  start: "starting its jobs",
};

function workerLine({ worker, state, step, message }: Moved, style: Style): string {
  const why = message === null ? "" : `: ${message}`;
  if (state === "under_way") return `${style.strong(worker)}: ${DOING[step] ?? step}`;
  if (state === "set_aside") return `${style.bad("set aside")} ${worker} (${step})${why}`;
  if (state === "done") return `${style.good("ok")} ${worker}: its jobs run again`;
  return `${state === "drained" ? style.good("drained") : style.warn(state)} ${worker}${why}`;
}

function finishedLines({ outcome, is_over, workers, message }: Finished, style: Style): string[] {
  const counts = ["done", "drained", "aborted", "set_aside", "under_way", "waiting"].flatMap((state) => {
    const count = workers.filter((worker) => worker.state === state).length;
    return count === 0 ? [] : [`${count} ${state.replace("_", " ")}`];
  });
  const isGood = outcome === "ok" || (outcome === "aborted" && message === null);
  const head = isGood ? style.good("maintenance done:") : style.bad(`maintenance ${outcome}:`);
  const title = outcome === "aborted" && isGood ? style.good("maintenance aborted:") : head;
  const onlyDrained = workers.every(({ state }) => state === "drained" || state === "done" || state === "aborted");
  const next = onlyDrained
    ? "maand maintain resume starts the jobs of the drained workers"
    : "maand maintain resume continues, maand maintain abort ends it and starts what it stopped";
  return [
    ...(message === null ? [] : [`  ${message}`]),
    `${title} ${plural(workers.length, "worker")} (${counts.join(", ")})`,
    ...(is_over ? [] : [`  ${style.faint("hint:")} ${next}`]),
  ];
}
