import { type FailureGroup, failureGroups } from "../../model/run/failure-groups.ts";
import { visibleText } from "../../model/run/log-window.ts";
import type { Failure } from "../../model/run/run-history.ts";
import { JobLink, WorkerLinks } from "../../parts/link.tsx";
import { reachable } from "../../parts/reachable.ts";
import { Sign } from "../../parts/sign.tsx";

export type OpenLog = (of: { readonly job?: string; readonly worker?: string }) => void;

/** The failures, with their last lines of output; the same failure on several workers is shown once. */
export function Failures({ failures, openLog }: { readonly failures: readonly Failure[]; readonly openLog: OpenLog }) {
  const groups = failureGroups(failures);
  if (groups.length === 0) return null;
  return (
    <section aria-label="Failures">
      <h2>{groups.length === 1 ? "1 failure" : `${groups.length} failures`}</h2>
      {groups.map((group) => (
        <One key={group.first.seq} group={group} openLog={openLog} />
      ))}
    </section>
  );
}

function One({ group: { first, workers }, openLog }: { readonly group: FailureGroup; readonly openLog: OpenLog }) {
  const { what, job, worker, message, hint, output } = first;
  return (
    <article class="failure">
      <p>
        <Sign sign="✗" level="bad" text={what || "failed"} tile /> {job && <JobLink job={job} />}
        {workers.length > 0 && (
          <>
            {" "}
            on <WorkerLinks workers={workers} />
          </>
        )}
      </p>
      <p>{message}</p>
      {output.length > 0 && (
        <section class="output" aria-label={`Last output of ${job} on ${worker}`} ref={reachable}>
          <pre>{output.map(visibleText).join("\n")}</pre>
        </section>
      )}
      {hint && <p class="muted">{hint}</p>}
      {job && (
        <button type="button" class="quiet small" onClick={() => openLog({ job, worker })}>
          open its log
        </button>
      )}
    </article>
  );
}
