import { type Argv, type InspectContext, type Inspection, MaandError, type RemoteStream } from "@maand/core";
import { keepExpression } from "@maand/core/internal";
import { Cutoff, type CutoffCode } from "../runner/cutoff.ts";
import { inspectCommand, quickInspectCommand } from "../runner-program.ts";
import { cannotStart } from "../target/target-errors.ts";
import { InspectAnswer } from "./inspect-answer.ts";
import { LimitedOutput } from "./limited-output.ts";
import { type QuickCheck, quickCheck } from "./quick-check.ts";

/** How much longer the controller waits than the timeout after which the program exits by itself, in milliseconds. */
const GRACE_MS = 5_000;
/** Maximum number of bytes that a login may print before the output of a command. */
const LOGIN_TEXT = 64 * 1024;
/** Maximum number of characters of the error output that are kept. */
const ERROR_TEXT = 4_096;

/**
 * Inspects the directories of jobs on a worker. It first checks whether everything is as expected, with programs that
 * every worker has; if not, it runs the inspection program, which needs Python. Throws WORKER_LACKS if Python cannot be
 * started, COMMAND_FAILED, TIMED_OUT, INTERRUPTED and DISCONNECTED.
 */
export async function inspectWorker(context: InspectContext): Promise<Inspection> {
  const quick = quickCheck(context);
  if (quick && (await isAsExpected(context, quick))) return quick.inspection;
  const { command, program } = inspectCommand(context.remote, requestOf(context));
  return await withCommand(context, command, async (stream, cutoff) => {
    stream.io.write(program);
    return await answerOf(context, stream, cutoff);
  });
}

/** Whether the quick check shows that nothing differs. If the check fails, something may differ. */
async function isAsExpected(context: InspectContext, quick: QuickCheck): Promise<boolean> {
  const output = new LimitedOutput(quick.bytes + LOGIN_TEXT);
  const end = await withCommand(context, quickInspectCommand(context.remote, quick), async (stream, cutoff) => {
    stream.stderr.resume();
    const failed = new Promise<unknown>((resolve) => stream.io.on("error", resolve));
    stream.io.on("data", (bytes: Buffer) => output.push(bytes));
    return await Promise.race([ended(stream, failed), output.isFull, cutoff.reached]);
  });
  if (typeof end === "string" && end !== "full") throw cutOff(context, end);
  if (end === null) throw cutOff(context, "DISCONNECTED");
  return end === 0 && quick.accepts(output.bytes());
}

async function withCommand<Result>(
  { remote, signal, timeoutMs }: InspectContext,
  command: Argv,
  use: (stream: RemoteStream, cutoff: Cutoff) => Promise<Result>,
): Promise<Result> {
  const cutoff = new Cutoff(signal);
  let stream: RemoteStream | undefined;
  try {
    stream = await remote.stream(command, { asRoot: true, title: "the inspection of its files" });
    cutoff.limit(timeoutMs + GRACE_MS);
    return await use(stream, cutoff);
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

async function answerOf(context: InspectContext, stream: RemoteStream, cutoff: Cutoff): Promise<Inspection> {
  const answer = new InspectAnswer();
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

/** The exit code, after all output has arrived; null if the connection closed. */
async function ended({ io, exit }: RemoteStream, failed: Promise<unknown>): Promise<number | null> {
  const output = new Promise((resolve) => {
    for (const event of ["end", "close"]) io.once(event, resolve);
  });
  const code = await exit;
  await Promise.race([output, failed]);
  return code;
}

/** The exit code if SIGALRM stops the program after its timeout. */
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
