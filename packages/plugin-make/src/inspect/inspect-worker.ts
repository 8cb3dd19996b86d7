import { type InspectContext, type Inspection, MaandError, type RemoteStream } from "@maand/core";
import { keepExpression } from "@maand/core/internal";
import { Cutoff, type CutoffCode } from "../runner/cutoff.ts";
import { inspectCommand, inspectInput, quickInspectCommand } from "../runner-program.ts";
import { cannotStart } from "../target/target-errors.ts";
import { InspectAnswer, type Quick } from "./inspect-answer.ts";
import { quickCheck } from "./quick-check.ts";

/** Milliseconds by which this side waits longer than the program, which ends itself at its time limit. */
const GRACE_MS = 5_000;
/** Maximum number of characters of the error output that are kept. */
const ERROR_TEXT = 4_096;

/**
 * Inspects the directories of jobs on a worker: one command. It first checks whether everything is as
 * expected; if not, it asks for the Python program, which contains the request, and runs it. Throws
 * WORKER_LACKS if Python cannot be started, COMMAND_FAILED, TIMED_OUT, INTERRUPTED and DISCONNECTED.
 */
export async function inspectWorker(context: InspectContext): Promise<Inspection> {
  const { remote, signal, timeoutMs } = context;
  const quick = quickCheck(context);
  const { command, program } = quick
    ? { command: quickInspectCommand(remote, quick), program: undefined }
    : inspectCommand(remote, requestOf(context));
  const cutoff = new Cutoff(signal);
  let stream: RemoteStream | undefined;
  try {
    const opened = await remote.stream(command, { asRoot: true, title: "the inspection of its files" });
    stream = opened;
    cutoff.limit(timeoutMs + GRACE_MS);
    if (program) opened.io.write(program);
    const send = () => void opened.io.write(inspectInput(requestOf(context)));
    return await answerOf(context, opened, { cutoff, quick: quick && { same: quick.inspection, send } });
  } finally {
    stream?.destroy();
    cutoff.close();
  }
}

function requestOf({ metadata, jobs, keep, users, groups, contentLimit, timeoutMs }: InspectContext): object {
  const ofJob = ([job, { files, protect }]: readonly [string, InspectRequestOf]) => [
    job,
    {
      files: Object.fromEntries([...files].map(([path, { hash }]) => [path, hash])),
      protect: protect.length === 0 ? "" : keepExpression(protect),
    },
  ];
  return {
    metadata: Object.fromEntries(metadata),
    jobs: Object.fromEntries([...jobs].map(ofJob)),
    keep,
    users,
    groups,
    limit: contentLimit,
    timeout: Math.ceil(timeoutMs / 1000),
  };
}

type InspectRequestOf = InspectContext["jobs"] extends ReadonlyMap<string, infer Request> ? Request : never;

interface Waiting {
  readonly cutoff: Cutoff;
  readonly quick: Quick | undefined;
}

async function answerOf(
  context: InspectContext,
  stream: RemoteStream,
  { cutoff, quick }: Waiting,
): Promise<Inspection> {
  const answer = new InspectAnswer(quick);
  let errorText = "";
  const failed = new Promise<unknown>((resolve) => stream.io.on("error", resolve));
  stream.io.on("data", (bytes: Buffer) => answer.push(bytes));
  stream.stderr.on("error", () => {});
  stream.stderr.on("data", (bytes: Buffer) => {
    errorText = (errorText + bytes.toString()).slice(-ERROR_TEXT);
  });
  const end = await Promise.race([answer.complete, ended(stream, failed), cutoff.reached]);
  if (end === "complete" || answer.isComplete) return answer.inspection();
  if (typeof end === "string") throw cutOff(context, cutoff.interrupted ? "INTERRUPTED" : end);
  throw end === null ? cutOff(context, "DISCONNECTED") : refused(context, end, errorText);
}

/** The exit code, once all output has arrived; null if the connection closed. */
async function ended({ io, exit }: RemoteStream, failed: Promise<unknown>): Promise<number | null> {
  const output = new Promise((resolve) => {
    for (const event of ["end", "close"]) io.once(event, resolve);
  });
  const code = await exit;
  await Promise.race([output, failed]);
  return code;
}

/** The signal that ends the program at its time limit. */
const ALARM = 128 + 14;

function refused(context: InspectContext, code: number, errorText: string): MaandError {
  const { host } = context.remote;
  if (code === ALARM) return cutOff(context, "TIMED_OUT");
  const known = cannotStart(host, errorText);
  if (known) return known;
  if (code === 126 || code === 127)
    return new MaandError({
      code: "WORKER_LACKS",
      message: `the files on ${host} cannot be inspected without python3${errorText === "" ? "" : `: ${errorText.trim()}`}`,
      hint: `check python3 with: maand run_command "python3 --version" --workers ${host}`,
      worker: host,
    });
  return new MaandError({
    code: "COMMAND_FAILED",
    message: `the files on ${host} cannot be inspected: ${errorText.trim().replace(/^inspect: /, "") || `exit code ${code}`}`,
    worker: host,
    exit: code,
  });
}

function cutOff({ remote: { host }, timeoutMs }: InspectContext, code: CutoffCode): MaandError {
  const why = code === "TIMED_OUT" ? `took longer than ${timeoutMs / 1000} s` : "was cut off";
  return new MaandError({ code, message: `the inspection of the files on ${host} ${why}`, worker: host });
}
