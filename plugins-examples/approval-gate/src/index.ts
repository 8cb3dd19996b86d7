import { createInterface } from "node:readline/promises";
import { MaandError, pluginWithOptions, type WaveContext, type Worker } from "@maand/core";
import * as v from "valibot";

const options = v.object({
  /** Ask only about changes on workers with one of these labels; an empty list asks about all changes. */
  labels: v.optional(v.array(v.string("must be text"), "must be a list of labels"), ["production"]),
  /** The environment variable that approves in advance, for runs without a terminal. */
  approvedBy: v.optional(v.string("must be text"), "MAAND_APPROVE"),
});

/** The terminal to ask on. */
export interface Console {
  readonly environment: NodeJS.ProcessEnv;
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
}

/** Asks for approval before a wave is rolled out in production, and before anything is stopped there. */
export const approvalGate = approvalGateAt({ environment: process.env, input: process.stdin, output: process.stderr });

/** The same with another terminal, for tests. */
export function approvalGateAt(console: Console) {
  return pluginWithOptions({
    name: "approval-gate",
    options,
    apply({ wave, reconcile }, { labels, approvedBy }) {
      const matters = ({ labels: its }: Worker) => labels.length === 0 || its.some((label) => labels.includes(label));
      const ask = (what: string, signal: AbortSignal) => approve(console, approvedBy, what, signal);

      wave.tapPromise("approval-gate", async ({ wave: { jobs }, signal }) => {
        if (jobs.some(({ allocations }) => allocations.some(({ worker }) => matters(worker))))
          await ask(jobs.map(inWords).join("\n"), signal);
      });

      // allocations to stop arrive one by one and in parallel; one approval covers all of them in a run
      const approvals = new Map<string, Promise<void>>();
      const order = { name: "approval-gate", before: "local" }; // plugins that perform a step run later
      reconcile.tapPromise(order, async ({ run, worker, job, action, signal }) => {
        if (!matters(worker)) return undefined;
        const approval =
          approvals.get(run.id) ?? ask(`  ${action.kind} ${job.name} and all other allocations to stop`, signal);
        approvals.set(run.id, approval);
        await approval;
        return undefined;
      });
    },
  });
}

async function approve(console: Console, variable: string, what: string, signal: AbortSignal): Promise<void> {
  const answer = console.environment[variable]?.trim().toLowerCase();
  if (answer === "yes") return;
  const hint = `to approve in advance, run: ${variable}=yes maand deploy`;
  if (answer || console.input.isTTY !== true) throw refused(`no terminal to ask for approval:\n${what}`, hint);
  if (!(await answersYes(console, `\nabout to:\n${what}\ncontinue? (yes/no) `, signal)))
    throw refused("not approved", hint);
}

async function answersYes({ input, output }: Console, question: string, signal: AbortSignal): Promise<boolean> {
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

function inWords({ job, allocations }: WaveContext["wave"]["jobs"][number]): string {
  return allocations
    .map(({ worker, action, currentVersion }) => {
      const versions = currentVersion === job.version ? job.version : `${currentVersion} -> ${job.version}`;
      return `  ${action} ${job.name} ${versions} on ${worker.host}`;
    })
    .join("\n");
}

function refused(message: string, hint: string): MaandError {
  return new MaandError({ code: "NOT_PERMITTED", message, hint });
}

export default approvalGate;
