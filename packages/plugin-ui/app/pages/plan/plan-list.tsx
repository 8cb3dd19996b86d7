import type { PlanRow } from "../../../src/contract.ts";
import { Ago } from "../../parts/age.tsx";
import { To } from "../../parts/link.tsx";

/** The plans that were made here, newest first. */
export function PlanList({ plans, open }: { readonly plans: readonly PlanRow[]; readonly open: string | undefined }) {
  return (
    <details class="plans">
      <summary>{plans.length} plans</summary>
      <ul>
        {plans.map(({ digest, made_at, made_by, state, run, actions, required }) => (
          <li key={digest} aria-current={digest === open ? "true" : undefined}>
            <To page="plan" query={{ plan: digest }}>
              <code>{digest.slice(0, 12)}</code>
            </To>{" "}
            by {made_by}, <Ago at={made_at} />: {required ? actionsText(actions) : "nothing to do"}
            {state === "used" && `; carried out by run ${run}`}
          </li>
        ))}
      </ul>
    </details>
  );
}

/** `12 restart, 3 start`. */
export function actionsText(actions: Readonly<Record<string, number>>): string {
  return Object.entries(actions)
    .map(([action, count]) => `${count} ${action}`)
    .join(", ");
}
