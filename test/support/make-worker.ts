import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Remote } from "@maand/core";
import { createHooks } from "@maand/core/internal";
import { aJob, aWorker, connectContext, targetContext } from "@maand/core/testing";
import { local } from "@maand/plugin-local";
import { make } from "@maand/plugin-make";
import { type FleetOptions, type FleetWorker, remotesFor, startFleet } from "./fleet/index.ts";

/** Options of one run of a target. */
export interface RunOptions {
  readonly job?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly remote?: Remote;
  readonly env?: Readonly<Record<string, string>>;
}

/** A worker with some jobs, and plugin-make to run their targets. */
export interface MakeWorker {
  readonly remote: Remote;
  /** The bucket's directory on the worker. */
  readonly root: string;
  /** All lines that targets have printed. */
  readonly output: string[];
  /** Runs a target of the first job, or of another job. */
  run(target: string, options?: RunOptions): Promise<"done" | undefined>;
  /** Writes a file in the bucket's directory. */
  write(path: string, text: string): Promise<void>;
  exists(path: string): boolean;
  /** The ids of processes on the worker whose arguments contain `text`. */
  processesWith(text: string): number[];
  close(): Promise<void>;
}

/** A {@link MakeWorker} in a fleet. */
export interface FleetMakeWorker extends MakeWorker {
  readonly worker: FleetWorker;
}

type Place = Pick<MakeWorker, "remote" | "write" | "exists" | "processesWith" | "close">;

/** Creates a worker behind a real sshd. */
export async function overSsh(
  jobs: readonly string[],
  makefile: string,
  options: Partial<FleetOptions> = {},
): Promise<FleetMakeWorker> {
  const fleet = await startFleet({ count: 1, ...options });
  const [worker] = fleet.workers;
  if (!worker) throw new Error("there is no worker");
  const remotes = remotesFor(fleet);
  const remote = await remotes.connect(worker);
  const place: Place = {
    remote,
    write: (path, text) => worker.write(`${remote.root}/${path}`, text),
    exists: (path) => worker.exists(`${remote.root}/${path}`),
    processesWith: (text) => worker.processesWith(text),
    async close() {
      await remotes.close();
      await fleet.close();
    },
  };
  return { worker, ...(await withJobs(place, jobs, makefile)) };
}

/** Creates a worker that is a directory of this machine. */
export async function onThisMachine(jobs: readonly string[], makefile: string): Promise<MakeWorker> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "maand-local-")));
  const hooks = createHooks();
  void local().apply(hooks);
  const worker = aWorker({ host: "127.0.0.11", transport: "local" });
  const context = connectContext({ worker, bucket: { id: "b", root } });
  const remote = await hooks.connect.promise({ ...context, root: hooks.locate.call(context) ?? context.root });
  if (!remote) throw new Error("there is no local worker");
  const place: Place = {
    remote,
    async write(path, text) {
      mkdirSync(dirname(join(remote.root, path)), { recursive: true });
      writeFileSync(join(remote.root, path), text);
    },
    exists: (path) => existsSync(join(remote.root, path)),
    processesWith: (text) =>
      processesHere()
        .filter((line) => line.includes(remote.root) && line.includes(text))
        .map(idOf),
    async close() {
      await remote.close();
      rmSync(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 20 });
    },
  };
  return withJobs(place, jobs, makefile);
}

async function withJobs(place: Place, jobs: readonly string[], makefile: string): Promise<MakeWorker> {
  const { remote, write } = place;
  const plugin = make();
  const hooks = createHooks();
  void plugin.apply(hooks);
  for (const job of jobs) await write(`jobs/${job}/Makefile`, makefile);
  await write("jobs.json", JSON.stringify(jobs.map((job) => ({ job }))));
  for (const [name, text] of Object.entries(plugin.workerFiles ?? {})) await write(`bin/${name}`, text);
  const output: string[] = [];
  const run = (target: string, { job = jobs[0] ?? "", env, ...more }: RunOptions = {}) => {
    const directory = `${remote.root}/jobs/${job}`;
    const context = targetContext({
      remote,
      target,
      directory,
      job: aJob({ name: job }),
      env: { JOB: job, ...env },
      ...more,
    });
    return hooks.target.promise({ ...context, log: (line) => void output.push(line) });
  };
  return { ...place, root: remote.root, output, run };
}

/** The id and the arguments of every process of this machine. */
function processesHere(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => `${pid} ${argumentsOf(pid)}`);
}

function argumentsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

function idOf(line: string): number {
  return Number(line.split(" ")[0]);
}
