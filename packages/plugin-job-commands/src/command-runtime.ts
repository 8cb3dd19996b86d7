import type { RunContext } from "@maand/core";
import { Api } from "./api/api.ts";
import { Semaphores } from "./api/semaphores.ts";
import { SharedFiles } from "./shared-files.ts";

/** What commands of one plugin share: the API they call, their semaphores, and files that are laid out once per run. */
export class CommandRuntime {
  readonly api = new Api();
  readonly semaphores = new Semaphores();
  readonly #files = new WeakMap<RunContext["run"], SharedFiles>();

  /** Files of jobs as they are laid out for a run; they go with its directory. */
  filesOf({ run, tmp }: Pick<RunContext, "run"> & { tmp(): string }): SharedFiles {
    const known = this.#files.get(run) ?? new SharedFiles(tmp());
    this.#files.set(run, known);
    return known;
  }
}
