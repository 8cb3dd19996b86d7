import type { WorkerAnswer } from "../../src/contract.ts";
import { ActionButton } from "../action/action-button.tsx";
import { useResource } from "../data/resource.ts";
import { words } from "../model/signs.ts";
import { Ago } from "../parts/age.tsx";
import { AllocationTable } from "../parts/allocation-table.tsx";
import { Facts } from "../parts/facts.tsx";
import { To } from "../parts/link.tsx";
import { Loaded } from "../parts/notice.tsx";
import { RunTable } from "../parts/run-table.tsx";

/** A worker: its allocations, and the reason if the worker is out of service. */
export function WorkerPage({ host }: { readonly host: string }) {
  const answer = useResource<WorkerAnswer>(`workers/${host}`, {}, ["fleet", "run"]).value;
  return (
    <>
      <h1>
        <span class="kind">worker</span> <span class="host">{host}</span>
      </h1>
      <Loaded shown={answer}>{(data) => <Worker worker={data} />}</Loaded>
    </>
  );
}

function Worker({ worker }: { readonly worker: WorkerAnswer }) {
  const { host, left_behind: behind, maintenance } = worker;
  const begin = { verb: "maintain", action: "begin", workers: [host] } as const;
  return (
    <>
      {worker.removed && <p class="notice warn">It is no longer in the workspace.</p>}
      {behind && (
        <p class="notice bad">
          Left behind by {behind.times} {behind.times === 1 ? "deploy" : "deploys"} since <Ago at={behind.since} />:{" "}
          {behind.reason}
        </p>
      )}
      {maintenance && (
        <p class="notice warn">
          In maintenance: {words(maintenance.state)}
          {maintenance.step && `, ${maintenance.step}`}
          {maintenance.message && `: ${maintenance.message}`}
        </p>
      )}
      <Facts
        facts={[
          ["hostname", worker.hostname],
          ["zone", worker.zone],
          ["labels", worker.labels.join(", ")],
          [
            "tags",
            Object.entries(worker.tags)
              .map(([name, value]) => `${name}=${value}`)
              .join(", "),
          ],
          ["position", worker.position],
          ["CPU", worker.cpu_mhz > 0 && `${worker.cpu_mhz.toLocaleString("en-US")} MHz`],
          ["memory", worker.memory_mb > 0 && `${worker.memory_mb.toLocaleString("en-US")} MB`],
        ]}
      />
      <p class="buttons">
        {!maintenance && (
          <>
            <ActionButton
              action={{ ...begin, reboot: true, keep_drained: false }}
              label="Drain, reboot and start"
              danger
            />
            <ActionButton action={{ ...begin, reboot: false, keep_drained: true }} label="Drain" danger />
          </>
        )}
        {maintenance && (
          <>
            <ActionButton action={{ verb: "maintain", action: "resume" }} label="Resume the maintenance" />
            <ActionButton action={{ verb: "maintain", action: "abort" }} label="Abort the maintenance" danger />
          </>
        )}
      </p>
      <h2>Allocations</h2>
      <AllocationTable rows={worker.allocations} of="worker" />
      <h2>Runs</h2>
      <RunTable caption={`Runs on ${host}`} runs={worker.runs} />
      <p>
        <To page="history" query={{ worker: host }}>
          All runs on {host}
        </To>
      </p>
    </>
  );
}
