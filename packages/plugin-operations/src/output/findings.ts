import { plural, type Style } from "@maand/command";
import type { Finding } from "@maand/core/readonly";

/** The findings as text: one line for each passed check, and each problem with its fix. */
export function findingLines(findings: readonly Finding[], style: Style, quiet: boolean): string[] {
  const checks = [...new Set(findings.map(({ check }) => check))];
  const faults = findings.filter(({ ok }) => !ok);
  return [
    ...checks.flatMap((check) =>
      linesOf(
        findings.filter((finding) => finding.check === check),
        style,
        quiet,
      ),
    ),
    faults.length === 0 ? style.good("no problems found") : style.bad(`${plural(faults.length, "problem")} found`),
  ];
}

function linesOf(findings: readonly Finding[], style: Style, quiet: boolean): string[] {
  const good = findings.filter(({ ok }) => ok);
  const [first] = good;
  const where = good.length === 1 ? first?.where : `${good.length} of ${findings.length}`;
  const all = good.every(({ message }) => message === first?.message);
  const line = `${style.good("ok")}     ${first?.check}  ${where}${all ? `: ${first?.message}` : ""}`;
  return [
    ...(first && !quiet ? [line] : []),
    ...findings
      .filter(({ ok }) => !ok)
      .flatMap(({ check, where: place, message, hint }) => [
        `${style.bad("wrong")}  ${check}  ${style.strong(place)}: ${message}`,
        ...(hint === null ? [] : [`       ${hint}`]),
      ]),
  ];
}
