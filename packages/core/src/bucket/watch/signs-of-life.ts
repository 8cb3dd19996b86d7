import { type TapUnit, unitText } from "./tap-unit.ts";

/** The time of the last activity of each unit: a line of output, an event, the start or end of a command. */
export class SignsOfLife {
  readonly #last = new Map<string, number>();

  /** Records activity of a job, a worker or both, and of the whole run. `at` is the time on the watch's clock. */
  note({ job, worker }: TapUnit, at: number): void {
    for (const unit of [{}, job === undefined ? {} : { job }, worker === undefined ? {} : { worker }])
      this.#last.set(unitText(unit), at);
    if (job !== undefined && worker !== undefined) this.#last.set(unitText({ job, worker }), at);
  }

  /** The time of the last activity of a unit. For a whole job, the activity of any of its allocations counts. */
  last(unit: TapUnit): number {
    return this.#last.get(unitText(unit)) ?? 0;
  }
}
