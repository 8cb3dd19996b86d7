import { createInterface } from "node:readline/promises";
import { MaandError, pluginWithOptions, type WaveContext, type Worker } from "@maand/core";
import * as v from "valibot";

const options = v.object({
  /** Only what touches a worker with one of these labels is asked about; none of them: everything is. */
  labels: v.optional(v.array(v.string("must be text"), "must be a list of labels"), ["production"]),
  /** Environment variable that says yes beforehand, where nobody can be asked. */
  approvedBy: v.optional(v.string("must be text"), "MAAND_APPROVE"),
});

/** Where a person is asked. */
export interface Desk {
  readonly environment: NodeJS.ProcessEnv;
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
}

/** Asks before a wave is rolled out in production, and before anything is stopped there. */
export const approvalGate = approvalGateAt({ environment: process.env, input: process.stdin, output: process.stderr });

/** The same, where somebody else is asked. */
export function approvalGateAt(desk: Desk) {
  return pluginWithOptions({
    name: "approval-gate",
    options,
    apply({ wave, reconcile }, { labels, approvedBy }) {
      const matters = ({ labels: its }: Worker) => labels.length === 0 || its.some((label) => labels.includes(label));
      const ask = (what: string, signal: AbortSignal) => approve(desk, approvedBy, what, signal);

      wave.tapPromise("approval-gate", async ({ wave: { jobs }, signal }) => {
        if (jobs.some(({ allocations }) => allocations.some(({ worker }) => matters(worker))))
          await ask(jobs.map(inWords).join("\n"), signal);
      });

      // what leaves comes one by one and side by side; one answer is for all of a run
      const leaving = new Map<string, Promise<void>>();
      const order = { name: "approval-gate", before: "local" }; // whoever answers a step of it comes later
      reconcile.tapPromise(order, async ({ run, worker, job, action, signal }) => {
        if (!matters(worker)) return undefined;
        const asked = leaving.get(run.id) ?? ask(`  ${action.kind} ${job.name} and whatever else leaves`, signal);
        leaving.set(run.id, asked);
        await asked;
        return undefined;
      });
    },
  });
}

async function approve(desk: Desk, variable: string, what: string, signal: AbortSignal): Promise<void> {
  const said = desk.environment[variable]?.trim().toLowerCase();
  if (said === "yes") return;
  const hint = `to approve it beforehand: ${variable}=yes maand deploy`;
  if (said || desk.input.isTTY !== true) throw refused(`nobody can be asked to approve:\n${what}`, hint);
  if (!(await answersYes(desk, `\nabout to:\n${what}\ngo on? (yes/no) `, signal))) throw refused("not approved", hint);
}

async function answersYes({ input, output }: Desk, question: string, signal: AbortSignal): Promise<boolean> {
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
