import type { JobAnswer } from "../../src/contract.ts";
import { ActionButton } from "../action/action-button.tsx";
import { useResource } from "../data/resource.ts";
import { Ago } from "../parts/age.tsx";
import { AllocationTable } from "../parts/allocation-table.tsx";
import { Facts } from "../parts/facts.tsx";
import { JobLink, To, WorkerLinks } from "../parts/link.tsx";
import { Loaded } from "../parts/notice.tsx";
import { RunTable } from "../parts/run-table.tsx";
import { Sign } from "../parts/sign.tsx";
import { Table, type TableColumn } from "../parts/table.tsx";
import { RolloutPanel } from "./rollout.tsx";

/** A job: its allocations with their health, its staged rollout, releases and runs. */
export function JobPage({ job }: { readonly job: string }) {
  const answer = useResource<JobAnswer>(`jobs/${job}`, {}, ["fleet", "run"]).value;
  return (
    <>
      <h1>
        <span class="kind">job</span> {job}
      </h1>
      <Loaded shown={answer}>{(data) => <Job job={data} />}</Loaded>
    </>
  );
}

function Job({ job }: { readonly job: JobAnswer }) {
  return (
    <>
      {job.removed && (
        <p class="notice warn">It is no longer in the workspace: the next deploy stops and removes it.</p>
      )}
      {job.held && <p class="notice warn">{job.held}</p>}
      {job.rollout && <RolloutPanel rollout={job.rollout} />}
      <Facts
        facts={[
          ["version", job.version],
          ["wave", job.wave + 1],
          ["runs on", job.selectors.join(", ")],
          ["depends on", job.demands.length > 0 && job.demands.map((name) => <JobLink key={name} job={name} />)],
          ["restart policy", job.restart_policy],
          ["batches", `start ${batch(job.start_batch)}, upgrade ${batch(job.upgrade_batch)}`],
          [
            "ports",
            Object.entries(job.ports)
              .map(([name, port]) => `${name} ${port}`)
              .join(", "),
          ],
        ]}
      />
      <h2>Allocations</h2>
      <AllocationTable rows={job.allocations} of="job" />
      <h2>Releases</h2>
      <Releases job={job} />
      <h2>Runs</h2>
      <RunTable caption={`Runs of ${job.name}`} runs={job.runs} />
      <p>
        <To page="history" query={{ job: job.name }}>
          All runs of {job.name}
        </To>
      </p>
    </>
  );
}

function batch(size: number | string): string {
  return size === 0 ? "all at once" : String(size);
}

type Release = JobAnswer["releases"][number];

const VERDICTS = {
  good: { sign: "✓", level: "ok" },
  bad: { sign: "✗", level: "bad" },
  unconfirmed: { sign: "?", level: "warn" },
  "never deployed": { sign: "·", level: "none" },
} as const;

function Releases({ job }: { readonly job: JobAnswer }) {
  const columns: readonly TableColumn<Release>[] = [
    { name: "release", cell: ({ release, wanted }) => `${release}${wanted ? " (wanted)" : ""}` },
    { name: "version", cell: ({ version }) => version },
    { name: "verdict", cell: (release) => <Verdict release={release} /> },
    { name: "runs on", cell: ({ workers }) => (workers.length > 0 ? <WorkerLinks workers={workers} shown={2} /> : "") },
    { name: "built", cell: ({ created_at }) => <Ago at={created_at} />, wide: true },
    { name: "by", cell: ({ created_by }) => created_by, wide: true },
    { name: "commit", cell: ({ commit }) => <code>{commit?.slice(0, 10)}</code>, wide: true },
    { name: "action", cell: (release) => <Rollback job={job} release={release} /> },
  ];
  return (
    <Table
      caption={`Releases of ${job.name}`}
      columns={columns}
      rows={job.releases}
      keyOf={({ release }) => release}
      empty="No releases yet."
    />
  );
}

function Verdict({ release: { verdict, bad, held } }: { readonly release: Release }) {
  return (
    <>
      <Sign {...VERDICTS[verdict]} text={`${verdict}${held ? ", held" : ""}`} />
      {bad && <span class="reason">{bad}</span>}
    </>
  );
}

/** Rolls back to an earlier release. The server refuses an unsuitable release, with the reason. */
function Rollback({ job, release }: { readonly job: JobAnswer; readonly release: Release }) {
  if (release.wanted || job.removed || release.verdict === "never deployed") return null;
  return (
    <ActionButton
      action={{ verb: "rollback", job: job.name, to: release.release }}
      label={`Roll back to ${release.release}`}
      danger
    />
  );
}
