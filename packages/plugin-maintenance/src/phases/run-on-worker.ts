import type { Argv, ExecOptions, ExecResult, Remote, Worker, WorkerCommandContext } from "@maand/core";
import type { ActionStep } from "@maand/core/operator";
import type { Session } from "../session.ts";

/** A command that runs during maintenance. */
export interface WorkerCommand {
  /** Part of the name of its receipt, such as `command`. */
  readonly kind: string;
  readonly argv: Argv;
  /** Its name in messages. */
  readonly title: string;
  readonly env?: NonNullable<ExecOptions["env"]>;
  readonly timeoutMs: number;
  /** Steps that must not begin any more. If such a step is already running, the command waits for its end. */
  readonly replaces?: readonly string[];
  readonly onLine?: NonNullable<ExecOptions["onLine"]>;
}

/**
 * Runs a command on a worker once: a run that continues the maintenance gets the recorded result, or waits for it.
 * Without a plugin that keeps receipts on the worker, the command runs again. Returns its exit code and output; throws
 * like `remote.probe`.
 */
export async function runOnWorker(
  session: Session,
  worker: Worker,
  remote: Remote,
  command: WorkerCommand,
): Promise<ExecResult> {
  const { run } = session;
  const base = run.reporter.context({ worker: worker.host });
  const onLine = command.onLine ?? ((line, stream) => base.log(line, { stream }));
  const { argv, title, timeoutMs, env = {} } = command;
  const step = stepOf(session, worker.host, command);
  const context: WorkerCommandContext = Object.freeze({
    ...base,
    worker,
    remote,
    step,
    command: { id: `${step.id}+1`, argv, title, env, timeoutMs, onLine },
  });
  const result = await run.bucket.hooks.runOnWorker.promise(context);
  return result ?? remote.probe(argv, { title, env, timeoutMs, asRoot: true, signal: base.signal, onLine });
}

/** The name of a worker's step, which is the same in each run that continues the attempt. */
export function stepName(session: Session, host: string, kind: string): string {
  return [session.id, session.position(host), kind, session.worker(host).attempt].join(".");
}

function stepOf(session: Session, host: string, { kind, replaces = [] }: WorkerCommand): ActionStep {
  const { settlements } = session.run;
  return Object.freeze({
    id: stepName(session, host, kind),
    resumes: null,
    replaces,
    onSettled: (forget: () => Promise<void>) => settlements.add(settledAs(host), forget),
  });
}

/** Deletes the receipts of a worker's commands, whose results are stored. */
export function settleWorker({ run }: Session, host: string): void {
  run.settlements.settle(settledAs(host));
}

function settledAs(host: string): string {
  return `worker ${host}`;
}
