import { RUNNER_EXIT } from "../../../packages/plugin-make/src/runner-program.ts";
import { lineOf, type SimulatedCommand, type Steps, type Worker } from "./worker.ts";

/** The fence that a request contains. */
export interface SentFence {
  readonly line: string;
  readonly expected: string;
  readonly text: string;
}

/** A request for a target of a job, as plugin-make sends it. */
export interface TargetRequest {
  readonly target: string;
  readonly job: string;
  /** Seconds. */
  readonly timeout: number;
  readonly step?: string;
  readonly voids?: readonly string[];
  readonly fence?: SentFence;
  /** A command of the worker itself, instead of a target. */
  readonly argv?: readonly string[];
}

/** A running request. */
export interface Call {
  /** The exit code of a request that must end early. */
  code: number | undefined;
  /** Undefined for a command by hand, which continues after the loss of its connection. */
  readonly step: string | undefined;
  /** Whether its step has begun. If so, the request also continues after the loss of its connection. */
  hasBegun: boolean;
  report(text: string): void;
}

/** Milliseconds between two attempts to take a lock. */
const LOCK_PAUSE_MS = 100;
const LIFECYCLE: ReadonlySet<string> = new Set(["start", "stop", "restart", "reload"]);

/** Ends a request with an exit code of the runner. */
class Refused extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit code ${code}`);
    this.code = code;
  }
}

/** Runs a target of a job in the same steps as the runner of plugin-make. Returns the exit code. */
export function* runTarget(worker: Worker, call: Call, request: TargetRequest): Steps<number> {
  try {
    return yield* targetSteps(worker, call, request);
  } catch (cause) {
    if (cause instanceof Refused) return cause.code;
    throw cause;
  }
}

function* targetSteps(worker: Worker, call: Call, request: TargetRequest): Steps<number> {
  const { job, target, step, fence } = request;
  if (request.argv === undefined && worker.job(job).files === undefined) return RUNNER_EXIT.notHere;
  if (target === "status") return 0;
  worker.exists = true; // the lock creates the directory
  yield* takeFence(worker, call, fence);
  while (worker.locks.has(job)) {
    failIfEnded(call);
    yield LOCK_PAUSE_MS;
  }
  failIfEnded(call);
  worker.locks.add(job);
  try {
    const known = step === undefined ? undefined : worker.receipt(job, step);
    if (step === undefined && LIFECYCLE.has(target)) worker.dropReceipts(job);
    if (known?.isVoid) return RUNNER_EXIT.ended;
    if (known?.code !== undefined && !known.isCut) return known.code;
    if (fence && !holds(worker, call, fence)) throw new Refused(RUNNER_EXIT.fenced);
    return yield* claimAndRun(worker, call, request);
  } finally {
    worker.locks.delete(job);
  }
}

/** Writes a claim to the disk before the command begins, and a receipt before its end is reported. */
function* claimAndRun(worker: Worker, call: Call, request: TargetRequest): Steps<number> {
  const { job, step, voids = [] } = request;
  if (step === undefined) return yield* runCommand(worker, call, request);
  for (const other of voids)
    if (!worker.receipt(job, other)) worker.writeReceipt(job, other, { boot: worker.boot, isVoid: true });
  worker.writeReceipt(job, step, { boot: worker.boot });
  worker.dropSettled(job, step);
  call.hasBegun = true;
  const code = yield* runCommand(worker, call, request);
  worker.writeReceipt(job, step, { boot: worker.boot, code, isCut: call.code === code });
  call.hasBegun = false;
  return code;
}

function* runCommand(worker: Worker, call: Call, request: TargetRequest): Steps<number> {
  const { job, target, step, fence } = request;
  const { random } = worker.world;
  const there = worker.job(job);
  const command: SimulatedCommand = { host: worker.host, job, target, step, by: fence?.line ?? "" };
  const isLifecycle = request.argv === undefined && LIFECYCLE.has(target);
  const isDown = isLifecycle && target !== "start";
  worker.begin(command);
  if (isDown) there.running = undefined;
  const wait = random.chance(0.9) ? random.between(50, 3000) : random.between(3000, 50_000);
  const end = worker.world.now + wait;
  while (worker.world.now < end && call.code === undefined) yield Math.min(500, end - worker.world.now);
  const code = call.code ?? (random.chance(0.03) ? 2 : 0);
  if (code === 0 && isLifecycle && target !== "stop") there.running = there.files;
  worker.end(command, code);
  return code;
}

/** Records a command that may change the worker, once no other command writes files there. */
export function* takeFence(worker: Worker, call: Call, fence: SentFence | undefined): Steps {
  if (!fence || !worker.exists || holds(worker, call, fence)) return;
  while (worker.isStaging) {
    failIfEnded(call);
    yield LOCK_PAUSE_MS;
  }
  failIfEnded(call);
  if (!holds(worker, call, fence)) worker.writeFence(fence.text);
}

/**
 * Whether the worker has the record of this command; false if the command may write it. Otherwise refuses the command.
 */
function holds(worker: Worker, call: Call, { line, expected }: SentFence): boolean {
  const found = lineOf(worker.fence);
  if (found === line) return true;
  if (found === "" || found === expected || worker.flaw === "fence-unchecked") return false;
  call.report(`runner: another command has changed this worker: ${worker.fence.trim().replaceAll("\n", " ")}`);
  throw new Refused(RUNNER_EXIT.fenced);
}

function failIfEnded(call: Call): void {
  if (call.code !== undefined) throw new Refused(call.code);
}
