import { type TapUnit, unitText } from "./tap-unit.ts";

/** When something last happened for each unit: a line, an event, a command that began or ended. */
export class SignsOfLife {
  readonly #last = new Map<string, number>();

  /** Something happened for a job, a worker or both at this time of a clock. */
  note({ job, worker }: TapUnit, at: number): void {
    for (const unit of [{}, job === undefined ? {} : { job }, worker === undefined ? {} : { worker }])
      this.#last.set(unitText(unit), at);
    if (job !== undefined && worker !== undefined) this.#last.set(unitText({ job, worker }), at);
  }

  /** The time of the last sign for a unit; for a whole job, that of any of its allocations. */
  last(unit: TapUnit): number {
    return this.#last.get(unitText(unit)) ?? 0;
  }
}
