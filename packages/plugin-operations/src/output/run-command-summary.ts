import { plural, type Style } from "@maand/command";
import type { ScriptResult } from "../workers/run-script.ts";

/** The end of a `run_command`: how many did what, who failed and why, who was not begun. */
export function scriptSummary(results: readonly ScriptResult[], style: Style): string[] {
  const skipped = results.filter(({ outcome }) => outcome === "skipped");
  const wrong = results.filter(({ ok, outcome }) => !ok && outcome !== "skipped");
  const well = results.filter(({ ok }) => ok);
  const counts = [
    ...(well.length > 0 ? [`${plural(well.length, "worker")} ok`] : []),
    ...(wrong.length > 0 ? [`${wrong.length} failed`] : []),
    ...(skipped.length > 0 ? [`${skipped.length} not begun`] : []),
  ];
  const head = wrong.length + skipped.length === 0 ? style.good("run_command done:") : style.bad("run_command failed:");
  return [
    ...wrong.map(({ host, outcome, message }) => `  ${style.bad(outcome.replace("_", " "))} ${host}: ${message ?? ""}`),
    ...hintsOf(wrong).map((hint) => `  ${style.faint("hint:")} ${hint}`),
    ...(skipped.length > 0
      ? [`  ${style.warn("left")} ${skipped.map(({ host }) => host).join(", ")}: ${skipped[0]?.message ?? ""}`]
      : []),
    `${head} ${counts.join(", ")}`,
  ];
}

/** What to do, each once: a switch that is off says the same of all its workers. */
function hintsOf(results: readonly ScriptResult[]): string[] {
  return [...new Set(results.flatMap(({ hint }) => hint ?? []))];
}
