import type { RunContext } from "@maand/core";
import { Api } from "./api/api.ts";
import { Semaphores } from "./api/semaphores.ts";
import { SharedFiles } from "./shared-files.ts";

/** The state that the commands of a run share: the API, semaphores, and the files of jobs. */
export class CommandRuntime {
  readonly api = new Api();
  readonly semaphores = new Semaphores();
  readonly #files = new WeakMap<RunContext["run"], SharedFiles>();

  /** The files of jobs, created once per run and deleted with its directory. */
  filesOf({ run, tmp }: Pick<RunContext, "run"> & { tmp(): string }): SharedFiles {
    const known = this.#files.get(run) ?? new SharedFiles(tmp());
    this.#files.set(run, known);
    return known;
  }
}
