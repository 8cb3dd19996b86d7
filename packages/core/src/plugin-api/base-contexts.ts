import type { DeployReason } from "../domain/deploy/deploy-reason.ts";
import type { Settings } from "../domain/settings/settings.ts";
import type { Allocation, Job } from "../domain/workspace/job.ts";
import type { Worker } from "../domain/workspace/worker.ts";
import type { EventData } from "../events.ts";
import type { BackPressure } from "../remote/back-pressure.ts";
import type { Remote } from "../remote/remote.ts";

/** The stream of a line that is passed to `log`, so that the output of parallel commands can be separated. */
export interface LogSource {
  /** Default: `stdout`. */
  readonly stream?: "stdout" | "stderr";
}

/** The context that every tap of a run receives. Contexts are read-only; almost all other contexts extend this one. */
export interface RunContext {
  /** The run of the command that calls this tap. */
  readonly run: {
    /** UUID of this run; also the name of its record in `logs/runs/`. */
    readonly id: string;
    /** The command: `deploy`, `job restart`, ... */
    readonly command: string;
  };
  /** The bucket: its id, and its directory on this machine. */
  readonly bucket: {
    readonly id: string;
    /** Absolute path of the bucket's directory on this machine. */
    readonly root: string;
  };
  /**
   * The settings of `maand.conf` and the configuration, with all defaults. A plugin reads its own settings with `from`.
   */
  readonly settings: Settings;
  /** Aborts when the run is interrupted. When it aborts, start nothing new, and stop everything that is running. */
  readonly signal: AbortSignal;
  /** Prints a line: it becomes an `output` event, in the log and on the screen, with secrets masked. */
  log(line: string, source?: LogSource): void;
  /**
   * Undefined while the readers of printed lines keep up. Otherwise a promise that resolves when the readers have
   * caught up, or when the run is interrupted. Until then, code that prints the output of a program must stop reading
   * that output, so that lines do not accumulate in memory.
   */
  readonly backPressure: BackPressure;
  /**
   * Emits an event of the plugin, of type `plugin.event`, for programs that read events. The name consists of the
   * plugin's name and further lower-case parts, joined by dots: `acme.soaked`. To inform people, use `log`.
   */
  emit(name: `${string}.${string}`, data?: EventData): void;
}

/** One worker, before maand connects to it. */
export interface LocateContext extends RunContext {
  /** The worker, as of the last build. */
  readonly worker: Worker;
}

/** `connect`: the run needs a worker for the first time. */
export interface ConnectContext extends LocateContext {
  /**
   * Absolute path of the bucket's directory on the worker: the value that `locate` returned, otherwise
   * `<worker_root>/<bucket id>`. The remote must have the same `root`.
   */
  readonly root: string;
}

/** One worker, and the open connection to the worker. */
export interface WorkerContext extends LocateContext {
  /** The open connection to the worker. Commands are lists of arguments. */
  readonly remote: Remote;
}

/** One job of the run. */
export interface JobContext extends RunContext {
  /** The job, as of the last build. `job.manifest` contains the values of the keys that plugins claim. */
  readonly job: Job;
  /** The allocations of the job that are not removed, including disabled ones, in worker order. */
  readonly allocations: readonly Allocation[];
}

/** One allocation: a job on a worker. */
export interface AllocationContext extends JobContext {
  /** The job on this worker. */
  readonly allocation: Allocation;
  /** The worker of the allocation. */
  readonly worker: Worker;
  /** The promoted version; `0.0.0` before the first promotion. */
  readonly currentVersion: string;
  /** The version in the manifest. */
  readonly newVersion: string;
  /** Why the deploy changes the allocation; `manual` if no deploy is running. */
  readonly deployReason: DeployReason;
}

/** How programs other than maand log in to a worker. @experimental */
export interface Login {
  /** The account to log in as. */
  readonly user: string;
  /** The port of sshd. */
  readonly port: number;
  /** Absolute path of the private key. */
  readonly keyFile: string;
  /** Whether maand runs commands on the worker through sudo. */
  readonly sudo: boolean;
}

/** `identify`: the host key of a worker, and whether it is pinned. @experimental */
export interface HostKey {
  /** The name that the key is pinned for: the address, and the port if it is not 22. */
  readonly name: string;
  /** `ssh-ed25519`, ... */
  readonly type: string;
  /** `SHA256:...`, as ssh-keygen shows it. */
  readonly fingerprint: string;
  /** Fingerprints of the keys that are pinned for this name. */
  readonly pinned: readonly string[];
  /** Whether the key is pinned, is the first one of this worker, or differs from the pinned keys. */
  readonly state: "pinned" | "new" | "changed";
  /** Pins this key and removes the previously pinned ones. */
  trust(): Promise<void>;
}
