import type { Settings } from "../domain/settings/settings.ts";
import type { Allocation, Job } from "../domain/workspace/job.ts";
import type { Worker } from "../domain/workspace/worker.ts";
import type { EventData } from "../events.ts";
import type { Remote } from "../remote/remote.ts";

/** Where the words given to `log` belong, so that a reader can tell commands that run side by side apart. */
export interface LogSource {
  readonly stream?: "stdout" | "stderr";
}

/** What every tap of a command's run is given. Contexts are frozen; each further one extends this. */
export interface RunContext {
  readonly run: {
    /** UUID of this run, also the name of its log. */
    readonly id: string;
    /** What was typed: `deploy`, `job restart`, ... */
    readonly command: string;
  };
  readonly bucket: {
    readonly id: string;
    /** Absolute path of the bucket's directory on this machine. */
    readonly root: string;
  };
  readonly settings: Settings;
  /** Aborts when the run is interrupted: begin nothing new, end what runs. */
  readonly signal: AbortSignal;
  /** Says a line; it becomes an `output` event, in the log and on the screen, with secrets masked. */
  log(line: string, source?: LogSource): void;
  /**
   * Records that something of the plugin's own happened, as a `plugin.event` event. Its name begins with the plugin's:
   * `acme.soaked`; in lower case, parts joined by dots. It is for programs that read events; people are told with `log`.
   */
  emit(name: `${string}.${string}`, data?: EventData): void;
}

/** `connect`: one worker is to be reached for the first time in this run. */
export interface ConnectContext extends RunContext {
  readonly worker: Worker;
}

/** One worker and the open connection to it. */
export interface WorkerContext extends ConnectContext {
  readonly remote: Remote;
}

/** One job of the run. */
export interface JobContext extends RunContext {
  readonly job: Job;
  /** Its non-removed allocations, disabled ones included, in the order of their workers. */
  readonly allocations: readonly Allocation[];
}

/** One allocation: a job on a worker. */
export interface AllocationContext extends JobContext {
  readonly allocation: Allocation;
  readonly worker: Worker;
  /** Version that was promoted here last, `0.0.0` before the first. */
  readonly currentVersion: string;
  /** Version the manifest asks for. */
  readonly newVersion: string;
}
