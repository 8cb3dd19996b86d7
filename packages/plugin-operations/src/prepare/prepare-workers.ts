import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Login, MaandError, type Worker } from "@maand/core";
import { type Bucket, selectWorkers, typedWorkers } from "@maand/core/internal";
import {
  asMaandError,
  Connections,
  canonicalHost,
  missingTools,
  type RunReporter,
  readWorkersFile,
  runReporter,
  stopIfInterrupted,
} from "@maand/core/operator";
import pLimit from "p-limit";
import { changeCommand } from "./apply-changes.ts";
import { type ExistingLogin, runAsRoot, type SessionPlace } from "./login-session.ts";
import { publicKeyOf } from "./public-key.ts";
import { checkCommand, type Lacks, lacksInWords, readLacks, TOOLS, type Wanted } from "./worker-state.ts";

/** The findings about one worker. */
export type WorkerPlan =
  | { readonly host: string; readonly state: "ready" }
  | { readonly host: string; readonly state: "not_ssh" }
  | { readonly host: string; readonly state: "failed"; readonly error: MaandError }
  | {
      readonly host: string;
      readonly state: "lacks";
      /** Phrases such as `install rsync with apt-get`. */
      readonly changes: readonly string[];
      /**
       * Makes the changes, and checks the result over maand's own connection. Throws if the worker is not ready
       * afterwards.
       */
      apply(onLine: (line: string) => void): Promise<void>;
    };

/** The workers to prepare, and the existing login. */
export interface PrepareOptions {
  readonly workers: readonly string[];
  readonly labels: readonly string[];
  readonly login: ExistingLogin;
}

/** The number of workers in parallel. */
const AT_ONCE = 8;

/** The chosen workers of `workers.json`, which need no build. */
export function workersToPrepare(bucket: Bucket, options: Pick<PrepareOptions, "workers" | "labels">): Worker[] {
  const file = readWorkersFile(bucket.paths.workspace);
  const { flag, words } = typedWorkers(options);
  const chosen =
    words.length === 0 ? file.workers : selectWorkers(file.workers, flag, words).map(({ worker }) => worker);
  const stored = bucket.store.catalog.read().workers;
  const ids = new Map(stored.map(({ host, workerId }) => [canonicalHost(host), workerId]));
  return chosen.map((spec) => ({ ...spec, workerId: ids.get(spec.host) ?? "" }));
}

/**
 * Checks what is missing on workers, and calls `use` with the plans. Changes nothing on the workers. A worker is ready
 * if maand's own login works and finds all tools. Otherwise the check uses the existing login.
 */
export async function withPlans<T>(
  bucket: Bucket,
  options: PrepareOptions,
  use: (plans: readonly WorkerPlan[]) => Promise<T>,
): Promise<T> {
  const workers = workersToPrepare(bucket, options);
  const reporter = runReporter(bucket, "worker prepare");
  const connections = new Connections(reporter);
  const limit = pLimit(AT_ONCE);
  const scene: Scene = { bucket, reporter, connections, login: options.login };
  try {
    return await use(await Promise.all(workers.map((worker) => limit(() => planOf(scene, worker)))));
  } finally {
    await connections.close();
  }
}

interface Scene {
  readonly bucket: Bucket;
  readonly reporter: RunReporter;
  readonly connections: Connections;
  readonly login: ExistingLogin;
}

async function planOf(scene: Scene, worker: Worker): Promise<WorkerPlan> {
  const { host } = worker;
  try {
    stopIfInterrupted(scene.bucket.signal);
    const login = await loginOf(scene, worker);
    if (login === undefined) return { host, state: "not_ssh" };
    await pinHostKey(scene, worker);
    if ((await notReady(scene, worker)) === undefined) return { host, state: "ready" };
    const wanted: Wanted = { user: login.user, publicKey: await publicKeyOf(login.keyFile), sudo: login.sudo };
    const place = placeOf(scene, host, login);
    const lacks = await lookAt(place, scene.login, wanted);
    const changes = lacksInWords(lacks, wanted);
    if (changes.length === 0) throw stillNotReady(host, await notReady(scene, worker));
    return { host, state: "lacks", changes, apply: (onLine) => apply(scene, worker, { place, wanted, lacks }, onLine) };
  } catch (cause) {
    const error = asMaandError(cause);
    if (error.code === "INTERRUPTED") throw cause;
    return { host, state: "failed", error };
  }
}

function loginOf({ bucket, reporter }: Scene, worker: Worker): Promise<Login | undefined> {
  return bucket.hooks.login.promise(Object.freeze({ ...reporter.context({ worker: worker.host }), worker }));
}

/** Pins the host key at first contact, as a connection of maand does. ssh then accepts only this key. */
async function pinHostKey({ bucket, reporter }: Scene, worker: Worker): Promise<void> {
  const key = await bucket.hooks.identify.promise(
    Object.freeze({ ...reporter.context({ worker: worker.host }), worker }),
  );
  if (key?.state === "changed")
    throw new MaandError({
      code: "HOST_KEY_CHANGED",
      message: `${worker.host} presents a host key that differs from the pinned key: ${key.fingerprint}`,
      worker: worker.host,
      hint: `if it was reinstalled, compare the fingerprint, then run maand worker trust --workers ${worker.host}`,
    });
  if (key?.state === "new") await key.trust();
}

function placeOf({ bucket }: Scene, host: string, { port }: Login): SessionPlace {
  const { secrets, tmp } = bucket.paths;
  return { host, port, knownHosts: join(secrets, "known_hosts"), tmp, signal: bucket.signal };
}

/**
 * The reason why maand's own login does not work; undefined if it works. Uses a new connection, so that a new group or
 * shell takes effect.
 */
async function notReady({ connections, bucket }: Scene, worker: Worker): Promise<MaandError | undefined> {
  connections.forget(worker.host);
  try {
    const remote = await connections.connect(worker, { reportFailure: false });
    const missing = await missingTools(remote, TOOLS);
    if (missing.length > 0)
      return new MaandError({ code: "WORKER_LACKS", message: `${worker.host} lacks ${missing.join(", ")}` });
    await remote.exec(["true"], { asRoot: true, title: "the check of sudo", signal: bucket.signal });
    return undefined;
  } catch (cause) {
    const error = asMaandError(cause);
    if (error.code === "INTERRUPTED") throw cause;
    return error;
  } finally {
    connections.forget(worker.host);
  }
}

async function lookAt(place: SessionPlace, login: ExistingLogin, wanted: Wanted): Promise<Lacks> {
  const { stdout, stderr, code } = await runAsRoot(place, login, checkCommand(wanted));
  const lacks = readLacks(stdout, wanted);
  if (lacks !== undefined) return lacks;
  const message = `the check of ${place.host} exited with code ${code}: ${stderr.at(-1) ?? "no message"}`;
  throw new MaandError({ code: "COMMAND_FAILED", message, worker: place.host });
}

interface Change {
  readonly place: SessionPlace;
  readonly wanted: Wanted;
  readonly lacks: Lacks;
}

async function apply(
  scene: Scene,
  worker: Worker,
  { place, wanted, lacks }: Change,
  onLine: (line: string) => void,
): Promise<void> {
  const { host } = worker;
  if (lacks.tools.length > 0 && lacks.manager === undefined)
    throw new MaandError({
      code: "WORKER_LACKS",
      message: `${host} has no package manager that maand supports`,
      worker: host,
      hint: `install ${lacks.tools.join(", ")} there, and run the command again`,
    });
  const { code, stderr } = await runAsRoot(place, scene.login, changeCommand(lacks, wanted), onLine);
  if (code !== 0)
    throw new MaandError({
      code: "COMMAND_FAILED",
      message: `the preparation of ${host} failed with exit code ${code}: ${stderr.at(-1) ?? "no message"}`,
      worker: host,
      hint: "fix that on the worker and run the command again; completed steps are kept",
      output: stderr.slice(-12),
    });
  const problem = await notReady(scene, worker);
  if (problem) throw stillNotReady(host, problem);
}

function stillNotReady(host: string, problem: MaandError | undefined): MaandError {
  return new MaandError({
    code: problem?.code ?? "WORKER_LACKS",
    message: `nothing is missing on ${host}, but maand's own login does not work: ${problem?.message ?? "unknown"}`,
    worker: host,
    hint: "check AuthorizedKeysFile, AllowUsers and AllowGroups of its sshd, and its sudo rules",
  });
}

/** Whether the bucket's key exists. The first preparation creates it. */
export function keyExists(keyFile: string): boolean {
  return existsSync(keyFile);
}
