import { plural, type Style } from "@maand/command";
import type { ScriptResult } from "../workers/run-script.ts";

/** The summary of a `run_command`: counts per outcome, failures with their messages, and skipped workers. */
export function scriptSummary(results: readonly ScriptResult[], style: Style): string[] {
  const skipped = results.filter(({ outcome }) => outcome === "skipped");
  const wrong = results.filter(({ ok, outcome }) => !ok && outcome !== "skipped");
  const interrupted = wrong.filter(({ outcome }) => outcome === "interrupted");
  const failed = wrong.length - interrupted.length;
  const well = results.filter(({ ok }) => ok);
  const counts = [
    ...(well.length > 0 ? [`${plural(well.length, "worker")} ok`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(interrupted.length > 0 ? [`${interrupted.length} interrupted`] : []),
    ...(skipped.length > 0 ? [`${skipped.length} skipped`] : []),
  ];
  const ended = failed > 0 || interrupted.length === 0 ? "failed" : "interrupted";
  const head =
    wrong.length + skipped.length === 0 ? style.good("run_command done:") : style.bad(`run_command ${ended}:`);
  return [
    ...wrong.map((result) => `  ${style.bad(result.outcome.replace("_", " "))} ${result.host}${reason(result)}`),
    ...hintsOf(wrong).map((hint) => `  ${style.faint("hint:")} ${hint}`),
    ...(skipped.length > 0
      ? [`  ${style.warn("skipped")} ${skipped.map(({ host }) => host).join(", ")}: ${skipped[0]?.message ?? ""}`]
      : []),
    `${head} ${counts.join(", ")}`,
  ];
}

/** The reason why a worker failed; empty for an interruption. */
function reason({ outcome, message }: ScriptResult): string {
  return outcome === "interrupted" ? "" : `: ${message ?? ""}`;
}

/** The hints, without duplicates: workers that fail for the same reason share a hint. */
function hintsOf(results: readonly ScriptResult[]): string[] {
  return [...new Set(results.flatMap(({ hint }) => hint ?? []))];
}
