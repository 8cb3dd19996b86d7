import type { PlanAnswer } from "../../../src/contract.ts";
import { ActionButton } from "../../action/action-button.tsx";
import { countText } from "../../model/count-text.ts";
import { Ago } from "../../parts/age.tsx";
import { JobLink, WorkerLink } from "../../parts/link.tsx";
import { Empty } from "../../parts/notice.tsx";
import { Sign } from "../../parts/sign.tsx";
import { PlanJob } from "./plan-job.tsx";
import { actionsText } from "./plan-list.tsx";

/** A plan: its actions by wave and job, the undecided jobs, and the button that carries it out. */
export function PlanDetail({ plan }: { readonly plan: PlanAnswer }) {
  const { digest, made_at, made_by, state, run, actions, required } = plan;
  return (
    <article aria-label={`Plan ${digest.slice(0, 12)}`}>
      <section class="panel" aria-label="The plan">
        <p>
          <b>{required ? actionsText(actions) || "changes" : "Nothing to do"}</b>{" "}
          <span class="muted">
            plan <code>{digest.slice(0, 12)}</code>, made by {made_by} <Ago at={made_at} />
          </span>
        </p>
        {state === "used" && <p>Run {run} carried it out. A plan can be carried out only once.</p>}
        {state === "open" && required && (
          <p class="buttons">
            <ActionButton action={{ verb: "deploy", plan: digest }} label="Approve and deploy" />
          </p>
        )}
      </section>
      <PlanProblems plan={plan} />
      {plan.waves.map(({ deployment_seq: seq, jobs }) => {
        const changed = jobs.filter(({ required: isChanged, allocations }) => isChanged || allocations.length > 0);
        return (
          changed.length > 0 && (
            <section key={seq} aria-label={`Wave ${seq + 1}`}>
              <h2>Wave {seq + 1}</h2>
              {changed.map((job) => (
                <PlanJob key={job.job} digest={digest} job={job} />
              ))}
            </section>
          )
        );
      })}
      <Stopping plan={plan} />
      {!required && <Empty>Everything runs as it was built.</Empty>}
    </article>
  );
}

/** The reasons why the plan is incomplete, above its actions. */
function PlanProblems({ plan: { failures, undecided, held_jobs: held, notes } }: { readonly plan: PlanAnswer }) {
  if (failures.length + undecided.length + held.length + notes.length === 0) return null;
  return (
    <ul class="findings">
      {failures.map(({ job, message, hint }) => (
        <li key={job}>
          <Sign sign="✗" level="bad" text="cannot be planned" tile /> <JobLink job={job} />: {message}{" "}
          {hint && <span class="muted">{hint}</span>}
        </li>
      ))}
      {undecided.map(({ job, message }) => (
        <li key={job}>
          <Sign sign="?" level="warn" text="undecided" tile /> <JobLink job={job} />: {message}
        </li>
      ))}
      {held.map(({ job, text }) => (
        <li key={job}>
          <Sign sign="=" level="warn" text="held" tile /> {text}
        </li>
      ))}
      {notes.map((note) => (
        <li key={note}>
          <Sign sign="i" level="info" text="note" tile /> {note}
        </li>
      ))}
    </ul>
  );
}

function Stopping({ plan: { stopping } }: { readonly plan: PlanAnswer }) {
  if (stopping.length === 0) return null;
  return (
    <section aria-label="Stopped and removed">
      <h2>Stopped and removed: {countText(stopping.length, "allocation")}</h2>
      <ul class="findings">
        {stopping.map(({ job, worker_ip: worker, stop, remove, reason }) => (
          <li key={`${job}@${worker}`}>
            <Sign sign={stop ? "■" : "−"} level={stop ? "bad" : "info"} text={stop ? "stop" : "remove"} tile />{" "}
            <JobLink job={job} /> on <WorkerLink worker={worker} />: {reason}
            {stop && remove && ", and its files are removed"}
          </li>
        ))}
      </ul>
    </section>
  );
}
