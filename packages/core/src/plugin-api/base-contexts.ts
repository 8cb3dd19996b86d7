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

/** What every tap of a run receives. Contexts are read-only; all other contexts extend this one. */
export interface RunContext {
  /** The run of a command that this tap is called in. */
  readonly run: {
    /** UUID of this run; also the name of its record below `logs/runs/`. */
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
  /** The settings of `maand.conf` and the configuration, with all defaults. A plugin reads its own with `from`. */
  readonly settings: Settings;
  /** Aborts when the run is interrupted: start nothing new, and stop what is running. */
  readonly signal: AbortSignal;
  /** Prints a line: it becomes an `output` event, in the log and on the screen, with secrets masked. */
  log(line: string, source?: LogSource): void;
  /**
   * Undefined while the readers of printed lines keep up; otherwise a promise that resolves when they have caught up, or when
   * the run is interrupted. Code that prints the output of a program stops reading it until then, so that lines do not gather in memory.
   */
  readonly backPressure: BackPressure;
  /**
   * Emits an event of the plugin, of type `plugin.event`, for programs that read events. The name consists of the
   * plugin's name and further lower-case parts, joined by dots: `acme.soaked`. To inform people, use `log`.
   */
  emit(name: `${string}.${string}`, data?: EventData): void;
}

/** One worker, before there is a connection to it. */
export interface LocateContext extends RunContext {
  /** The worker, as of the last build. */
  readonly worker: Worker;
}

/** `connect`: the run needs a worker for the first time. */
export interface ConnectContext extends LocateContext {
  /**
   * Absolute path of the bucket's directory on the worker: the answer of `locate`, else `<worker_root>/<bucket id>`. The remote
   * has the same `root`.
   */
  readonly root: string;
}

/** One worker and the open connection to it. */
export interface WorkerContext extends LocateContext {
  /** The open connection to it. Commands are lists of arguments. */
  readonly remote: Remote;
}

/** One job of the run. */
export interface JobContext extends RunContext {
  /** The job, as of the last build; `job.manifest` has the values that plugins claim. */
  readonly job: Job;
  /** Its allocations that are not removed, including disabled ones, in worker order. */
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
  /** Why the deploy changes it; `manual` if no deploy is running. */
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
  /** Whether commands on the worker are run through sudo. */
  readonly sudo: boolean;
}

/** `identify`: the host key of a worker, and whether it is pinned. @experimental */
export interface HostKey {
  /** The name that it is pinned for: the address, and the port if it is not 22. */
  readonly name: string;
  /** `ssh-ed25519`, ... */
  readonly type: string;
  /** `SHA256:...`, as ssh-keygen shows it. */
  readonly fingerprint: string;
  /** Fingerprints of the keys pinned for it. */
  readonly pinned: readonly string[];
  /** Whether the key is pinned, the first for this worker, or different from the pinned ones. */
  readonly state: "pinned" | "new" | "changed";
  /** Pins the key instead of those pinned before. */
  trust(): Promise<void>;
}
