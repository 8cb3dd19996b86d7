import { Command, Option } from "@maand/command";
import { StoredCommand } from "@maand/command/stored";
import { openRollouts, type RolloutView, refuseUnknown, type Store } from "@maand/core/readonly";

/** `maand rollout status`. */
export class RolloutStatusCommand extends StoredCommand {
  static override paths = [["rollout", "status"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "show the staged rollouts that are not complete",
    details:
      "`paused`: the rollout waits for maand rollout resume or abort. `waiting`: a timed wait was interrupted, and the next deploy continues it. `under_way`: a step is running, failed or was interrupted.",
    examples: [
      ["Of all jobs", "maand rollout status"],
      ["Of one job", "maand rollout status api"],
    ],
  });

  job = Option.String({ required: false, name: "job" });

  override show(store: Store): number {
    const wanted = this.job === undefined ? [] : [this.job];
    const names = store.catalog.read().jobs.map(({ name }) => name);
    refuseUnknown("job", "job", wanted, names);
    const rollouts = openRollouts(store, wanted);
    if (this.json) this.printJson(rollouts.map(record));
    else if (rollouts.length === 0)
      this.print(`no rollout${this.job === undefined ? "" : ` of ${this.job}`} is under way`);
    else this.printTable(COLUMNS, rollouts.map(row));
    if (!this.json) for (const { text } of rollouts) this.print(text);
    return 0;
  }
}

const COLUMNS = [
  "job",
  "release",
  { name: "step", dropOrder: 7 },
  { name: "size", dropOrder: 3 },
  "state",
  { name: "since", dropOrder: 4 },
  { name: "until", dropOrder: 2 },
  { name: "by", dropOrder: 1 },
  { name: "runs on", minWidth: 12, dropOrder: 5 },
  { name: "waiting", minWidth: 12, dropOrder: 6 },
] as const;

function row(rollout: RolloutView): string[] {
  const { job, release, step, steps, state, since, until = "", startedBy, released, waiting } = rollout;
  return [
    job,
    release,
    `${step} of ${steps.length}`,
    steps[step - 1] ?? "",
    state,
    minute(since),
    minute(until),
    startedBy,
    released.join(","),
    waiting.join(","),
  ];
}

function minute(iso: string): string {
  return iso.slice(0, 16).replace("T", " ");
}

function record(rollout: RolloutView) {
  const { job, release, version, previous, state, step, steps, since, until } = rollout;
  return {
    ...{ job, release, version, previous: previous ?? null, state, step, steps, since, until: until ?? null },
    started_at: rollout.startedAt,
    started_by: rollout.startedBy,
    runs_on: rollout.released,
    waiting: rollout.waiting,
  };
}
