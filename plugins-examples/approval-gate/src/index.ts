import { createInterface } from "node:readline/promises";
import { type Changes, MaandError, pluginWithOptions, type Worker } from "@maand/core";
import * as v from "valibot";

const options = v.object({
  /** Only changes on workers with one of these labels need approval. With an empty list, all changes need approval. */
  labels: v.optional(v.array(v.string("must be text"), "must be a list of labels"), ["production"]),
  /** The environment variable that approves in advance, for runs without a terminal. */
  approvedBy: v.optional(v.string("must be text"), "MAAND_APPROVE"),
});

/** The terminal for questions, and the environment. */
export interface Terminal {
  readonly environment: NodeJS.ProcessEnv;
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
}

/** Asks for approval before a wave stops, removes or rolls out allocations in production. */
export const approvalGate = approvalGateAt({ environment: process.env, input: process.stdin, output: process.stderr });

/** Like `approvalGate`, with another terminal, for tests. */
export function approvalGateAt(tty: Terminal) {
  return pluginWithOptions({
    name: "approval-gate",
    options,
    apply({ permit }, { labels, approvedBy }) {
      const matters = ({ labels: its }: Worker) => labels.length === 0 || its.some((label) => labels.includes(label));
      permit.tapPromise("approval-gate", async ({ changes: { jobs }, signal }) => {
        if (jobs.some(({ allocations }) => allocations.some(({ worker }) => matters(worker))))
          await approve(tty, approvedBy, jobs.map(lineFor).join("\n"), signal);
      });
    },
  });
}

async function approve(tty: Terminal, variable: string, what: string, signal: AbortSignal): Promise<void> {
  const answer = tty.environment[variable]?.trim().toLowerCase();
  if (answer === "yes") return;
  const hint = `to approve in advance, run: ${variable}=yes maand deploy`;
  if (answer || tty.input.isTTY !== true) throw refused(`no terminal to ask for approval:\n${what}`, hint);
  if (!(await answersYes(tty, `\nabout to:\n${what}\ncontinue? (yes/no) `, signal)))
    throw refused("not approved", hint);
}

async function answersYes({ input, output }: Terminal, question: string, signal: AbortSignal): Promise<boolean> {
  const lines = createInterface({ input, output, terminal: false });
  try {
    return /^y(es)?$/i.test((await lines.question(question, { signal })).trim());
  } catch (cause) {
    if (!signal.aborted) throw cause;
    throw new MaandError({ code: "INTERRUPTED", message: "interrupted while waiting for approval" });
  } finally {
    lines.close();
  }
}

function lineFor({ job, allocations }: Changes["jobs"][number]): string {
  return allocations
    .map(({ worker, action, currentVersion }) => {
      if (action === "stop" || action === "remove")
        return `  ${action} ${job.name} ${currentVersion} on ${worker.host}`;
      const versions = currentVersion === job.version ? job.version : `${currentVersion} -> ${job.version}`;
      return `  ${action} ${job.name} ${versions} on ${worker.host}`;
    })
    .join("\n");
}

function refused(message: string, hint: string): MaandError {
  return new MaandError({ code: "NOT_PERMITTED", message, hint });
}

export default approvalGate;
