import { type Summary, summaryRecord } from "@maand/core";

/** The run that a message describes. */
export interface Report {
  /** The name of the bucket's directory, which people use as the name of the bucket. */
  readonly bucket: string;
  /** UUID of the run. */
  readonly run: string;
  /** `deploy`, `rollback`, ... */
  readonly command: string;
  /** The user and machine that ran it: `ada@deploy-1`. */
  readonly by: string;
  readonly summary: Summary;
}

/** The message about a run: one line, and the details. */
export interface Message {
  readonly title: string;
  readonly lines: readonly string[];
}

const ENDS: Readonly<Record<Summary["outcome"], string>> = {
  ok: "succeeded",
  paused: "is paused",
  failed: "failed",
  interrupted: "was interrupted",
  reverted: "failed and was reverted",
  revert_failed: "failed, and reverting it failed too",
  refused: "was refused",
};

/** The number of problems that are listed; others are counted. */
const NAMED = 8;

/** A run as plain text. Secrets in it are already masked. */
export function messageOf({ bucket, run, command, by, summary }: Report): Message {
  const record = summaryRecord(summary);
  const counts = (["promoted", "failed", "reverted", "blocked"] as const)
    .filter((name) => record[name] > 0)
    .map((name) => `${record[name]} ${name}`);
  const problems = problemsOf(summary);
  const more = problems.length - NAMED;
  return {
    title: `maand ${command} of ${bucket} ${ENDS[summary.outcome]}`,
    lines: [
      counts.length > 0 ? `Allocations: ${counts.join(", ")}` : "No allocation changed",
      ...problems.slice(0, NAMED),
      ...(more > 0 ? [`and ${more} more`] : []),
      `By ${by}; details: maand logs show --run ${run.slice(0, 8)}`,
    ],
  };
}

const FAILED: ReadonlySet<string> = new Set(["failed", "unreachable", "timed_out", "disconnected", "revert_failed"]);

function problemsOf({ refusal, allocations, failures, paused }: Summary): string[] {
  return [
    ...(refusal ? [sentence(refusal.message, refusal.hint)] : []),
    ...failures.map(({ job, message, hint }) => sentence(`${job}: ${message}`, hint)),
    ...allocations
      .filter(({ outcome }) => FAILED.has(outcome))
      .map(({ job, host, action, message, hint }) =>
        sentence(`${job} on ${host}: ${message ?? `${action} failed`}`, hint),
      ),
    ...paused.map(({ job, release, step, steps }) =>
      sentence(`${job} ${release} waits after step ${step} of ${steps}`, `maand rollout resume ${job}`),
    ),
  ];
}

function sentence(message: string, hint: string | undefined): string {
  return hint === undefined ? message : `${message} (next: ${hint})`;
}
