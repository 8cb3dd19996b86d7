import type { CommitContext } from "../plugin-api/contexts/recorded-context.ts";
import type { Run } from "../run/run.ts";
import { recordedContext } from "../run/scope/recorded-context.ts";
import type { Summary } from "../run-result.ts";

/** What `commit` taps receive at the end of a run. */
export function commitContext(run: Run, summary: Summary): CommitContext {
  return Object.freeze({
    ...recordedContext(run),
    summary: run.bucket.mask.conceal(summary), // a plugin might send it anywhere
  });
}
