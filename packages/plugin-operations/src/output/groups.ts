import { plural, type Style, visible } from "@maand/command";
import { groupBy } from "@maand/core/readonly";
import type { ScriptResult } from "../workers/run-script.ts";

/** The maximum number of output lines that are shown. The log of the run has all lines. */
const SHOWN = 40;

/**
 * Groups results with equal outcome and output, the largest group first, so that different results stand out at the
 * end.
 */
export function groupLines(results: readonly ScriptResult[], style: Style): string[] {
  const groups = groupBy(results, (result) => {
    const { outcome, exit, message, stdout, stderr } = result;
    return JSON.stringify([outcome, exit, message === null ? null : withoutHost(message, result), stdout, stderr]);
  });
  return [...groups.values()].sort((a, b) => b.length - a.length).flatMap((group) => linesOf(group, style));
}

/** Removes the host from the message, so that workers that are unreachable for the same reason share a group. */
function withoutHost(message: string, { host }: ScriptResult): string {
  return message.replaceAll(host, "it");
}

function linesOf(group: readonly ScriptResult[], style: Style): string[] {
  const [first] = group;
  if (!first) return [];
  const { outcome, stdout, stderr } = first;
  const how = outcome === "ok" ? "" : ` ${style.bad(outcome.replace("_", " "))}: ${why(first)}`;
  return [
    `${style.strong(`${plural(group.length, "worker")}:`)} ${group.map(({ host }) => host).join(", ")}${how}`,
    ...cut(stdout).map((line) => `  | ${visible(line)}`),
    ...cut(stderr).map((line) => `  ! ${visible(line)}`),
  ];
}

function why(result: ScriptResult): string {
  return withoutHost(result.message ?? "", result);
}

function cut(text: string): string[] {
  if (text === "") return [];
  const lines = text.replace(/\n$/, "").split("\n");
  if (lines.length <= SHOWN) return lines;
  return [`(${lines.length - SHOWN} earlier lines)`, ...lines.slice(-SHOWN)];
}
