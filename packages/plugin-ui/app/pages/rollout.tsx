import type { RolloutRow } from "../../src/contract.ts";
import { ActionButton } from "../action/action-button.tsx";
import { Ago } from "../parts/age.tsx";
import { WorkerLinks } from "../parts/link.tsx";

/** A staged rollout that is not complete: its steps, its position, and the possible actions. */
export function RolloutPanel({ rollout }: { readonly rollout: RolloutRow }) {
  const { job, state, step, steps, text, since, started_by, released, waiting } = rollout;
  return (
    <section class={`panel ${state === "paused" ? "warn" : "info"}`} aria-label="Staged rollout">
      <p>
        {text}{" "}
        <span class="muted">
          started by {started_by}, since <Ago at={since} />
        </span>
      </p>
      <ol class="steps">
        {steps.map((name, at) => (
          <li key={at} class={at + 1 < step ? "done" : at + 1 === step ? "here" : ""}>
            {name}
            {at + 1 === step && <span class="unseen">, current step</span>}
          </li>
        ))}
      </ol>
      <p>
        released on <WorkerLinks workers={released} /> {waiting.length > 0 && "waiting: "}
        <WorkerLinks workers={waiting} />
      </p>
      <p class="buttons">
        <ActionButton action={{ verb: "pause", action: "resume", job }} label="Resume the rollout" />
        <ActionButton action={{ verb: "pause", action: "abort", job }} label="Abort the rollout" danger />
      </p>
    </section>
  );
}
