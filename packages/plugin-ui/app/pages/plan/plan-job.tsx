import { useState } from "preact/hooks";
import type { DiffAnswer, PlanAnswer } from "../../../src/contract.ts";
import { useResource } from "../../data/resource.ts";
import { countText } from "../../model/count-text.ts";
import { ACTION_SIGNS, type PlanGroup, planGroups } from "../../model/plan-groups.ts";
import { signOf } from "../../model/signs.ts";
import { Diff } from "../../parts/diff.tsx";
import { JobLink, WorkerLinks } from "../../parts/link.tsx";
import { Empty, Loaded } from "../../parts/notice.tsx";
import { Sign } from "../../parts/sign.tsx";

type Job = PlanAnswer["waves"][number]["jobs"][number];

/** The actions of a plan for a job: groups of workers with the same change, its reasons and differences. */
export function PlanJob({ digest, job }: { readonly digest: string; readonly job: Job }) {
  const { job: name, pre_deploy: hook, blocked_by: by, unchanged, allocations, rollout } = job;
  return (
    <section class="plan-job" aria-label={`Job ${name}`}>
      <h3>
        <JobLink job={name} />
        {unchanged > 0 && <span class="muted"> {unchanged} unchanged</span>}
      </h3>
      {by && <p class="muted">blocked: it depends on {by}</p>}
      {hook !== "none" && <p class="muted">pre_deploy {hook}</p>}
      {rollout && (
        <ol class="steps">
          {rollout.steps.map(({ step, of, size, workers }) => (
            <li key={step}>
              step {step} of {of} ({size}): <WorkerLinks workers={workers} />
            </li>
          ))}
          {rollout.waiting.length > 0 && <li>later: {countText(rollout.waiting.length, "worker")}</li>}
        </ol>
      )}
      {planGroups(allocations).map((group) => (
        <Group key={group.first.worker_ip} digest={digest} job={name} group={group} />
      ))}
    </section>
  );
}

function Group({ digest, job, group }: { readonly digest: string; readonly job: string; readonly group: PlanGroup }) {
  const { action, reasons, matched, current_version: from, new_version: to, files } = group.first;
  return (
    <div class="plan-group">
      <p>
        <Sign {...signOf(ACTION_SIGNS, action)} tile /> {from === to ? `version ${to}` : `${from} to ${to}`}, on{" "}
        <WorkerLinks workers={group.workers} />
      </p>
      {reasons.length > 0 && (
        <ul class="reasons">
          {reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      {matched.length > 0 && <p class="muted">a restart because of {matched.join(", ")}</p>}
      {files.length > 0 && <Changes digest={digest} job={job} group={group} />}
    </div>
  );
}

/** The differences of the first worker of a group; the others have the same files with their own values. */
function Changes({ digest, job, group }: { readonly digest: string; readonly job: string; readonly group: PlanGroup }) {
  const [isOpen, setOpen] = useState(false);
  const host = group.first.worker_ip;
  return (
    <details class="changes" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        {countText(group.first.files.length, "file")}
        {group.workers.length > 1 && <span class="muted"> as on {host}</span>}
      </summary>
      {isOpen && <Files path={`plan/${digest}/diff`} job={job} host={host} />}
    </details>
  );
}

function Files({ path, job, host }: { readonly path: string; readonly job: string; readonly host: string }) {
  const diff = useResource<DiffAnswer>(path, { job, host }, []).value;
  return (
    <Loaded shown={diff}>
      {({ files }) =>
        files.length === 0 ? (
          <Empty>No file differs.</Empty>
        ) : (
          files.map((file) => (
            <Diff
              key={file.path}
              path={file.path}
              change={[file.change, file.access].filter((part) => part).join(", ")}
              text={file.diff}
            />
          ))
        )
      }
    </Loaded>
  );
}
