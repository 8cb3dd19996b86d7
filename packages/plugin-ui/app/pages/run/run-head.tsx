import type { RunAnswer } from "../../../src/contract.ts";
import { ActionButton } from "../../action/action-button.tsx";
import { now } from "../../data/clock.ts";
import type { RunView } from "../../model/run/run-view.ts";
import { RUN_SIGNS } from "../../model/signs.ts";
import { clockText, durationText } from "../../model/time-text.ts";
import { Ago } from "../../parts/age.tsx";
import { StateOf } from "../../parts/sign.tsx";

/** The command of the run, its result, and the button to stop it while it is under way. */
export function RunHead({
  answer: { run, summary, warnings },
  view,
  isPast,
}: {
  readonly answer: RunAnswer;
  readonly view: RunView;
  /** Whether the page shows the run at an earlier moment. */
  readonly isPast: boolean;
}) {
  const result = isPast ? (view.end?.state ?? "running") : run.result;
  const started = Date.parse(run.started_at);
  const took = isPast ? view.at - started : (run.duration_ms ?? now.value - started);
  return (
    <>
      <h1>
        <span class="kind">{run.run === null ? "run" : `run ${run.run}`}</span> {run.command}{" "}
        <StateOf table={RUN_SIGNS} state={result} tile />
      </h1>
      <p class="muted">
        {result === "running" ? "for" : "took"} {durationText(took)}, began {clockText(run.started_at, now.value)} (
        <Ago at={run.started_at} />){run.user && `, by ${run.user}`}
        {run.machine && ` on ${run.machine}`}
        {run.commit && (
          <>
            , commit <code>{run.commit.slice(0, 10)}</code>
          </>
        )}
      </p>
      {summary && !isPast && (
        <p>
          {[
            [summary.promoted, "promoted"],
            [summary.failed, "failed"],
            [summary.reverted, "reverted"],
            [summary.blocked, "not reached"],
            [summary.skipped, "with nothing to do"],
          ]
            .filter(([count]) => count !== 0)
            .map(([count, what]) => `${count} ${what}`)
            .join(", ")}
          {summary.message && `. ${summary.message}`}
        </p>
      )}
      {run.result === "unknown" && (
        <p class="notice warn">
          Its process ended without a result. What it was doing is in doubt until the next deploy, which settles it.
        </p>
      )}
      {run.result === "running" && (
        <p class="buttons">
          <ActionButton action={{ verb: "pause", action: "interrupt" }} label="Stop this run" danger />
        </p>
      )}
      {warnings.length > 0 && (
        <details class="warnings">
          <summary>{warnings.length === 1 ? "1 warning" : `${warnings.length} warnings`}</summary>
          <ul>
            {warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
