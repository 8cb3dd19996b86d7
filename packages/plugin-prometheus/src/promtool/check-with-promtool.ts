import { error, type Problem } from "@maand/core";
import { placeOf } from "../sources.ts";
import { CHECK_CONFIG, CHECK_RULES, lastReason, type Promtool, reasonsFor, runPromtool } from "./run-promtool.ts";
import type { ToolFile } from "./tool-file.ts";

/** The result of promtool. */
export type ToolResult =
  | { readonly state: "absent" }
  | { readonly state: "passed" }
  | { readonly state: "refused"; readonly problems: readonly Problem[] };

/** The input of a build for promtool. */
export interface ToolInput {
  readonly scrape: readonly { readonly job: string; readonly yaml: string; readonly where: string }[];
  readonly rules: readonly { readonly job: string; readonly file: { readonly path: string }; readonly text: string }[];
  /** Complete configurations. */
  readonly configs: readonly { readonly where: string; readonly text: string }[];
}

interface Checked extends ToolFile {
  readonly where: string;
}

/** Checks rules and configurations with promtool, if it is installed on this machine. */
export async function checkWithPromtool(
  promtool: Promtool,
  { scrape, rules, configs }: ToolInput,
): Promise<ToolResult> {
  const check: Check = (command, files) => checkFiles(promtool, command, files);
  const ruleFiles = rules.map(({ job, file, text }) => {
    return { name: `${job}/${file.path}`, where: placeOf(job, file.path), text };
  });
  const found = await Promise.all([
    check(CHECK_RULES, ruleFiles),
    checkScrapes(
      check,
      scrape.filter(({ yaml }) => yaml !== ""),
    ),
    ...configs.map(({ where, text }) => check(CHECK_CONFIG, [{ name: "prometheus.yml", where, text }])),
  ]);
  if (found.includes("absent")) return { state: "absent" };
  const problems = found.flatMap((some) => (some === "absent" ? [] : some));
  return problems.length === 0 ? { state: "passed" } : { state: "refused", problems };
}

/** Checks all configurations in one run. If that fails, checks each configuration separately, to find the job. */
async function checkScrapes(check: Check, scrapes: ToolInput["scrape"]): Promise<Problem[] | "absent"> {
  if (scrapes.length === 0) return [];
  const whole = await check(CHECK_CONFIG, [asConfig("scrape.yml", scrapes)]);
  if (whole === "absent" || whole.length === 0) return whole;
  const alone = await Promise.all(scrapes.map((one) => check(CHECK_CONFIG, [asConfig(`${one.job}.yml`, [one])])));
  const problems = alone.flatMap((some) => (some === "absent" ? [] : some));
  return problems.length > 0 ? problems : whole;
}

function asConfig(name: string, scrapes: ToolInput["scrape"]): Checked {
  const text = `scrape_configs:\n${scrapes.map(({ yaml }) => yaml).join("")}`;
  return { name, where: scrapes[0]?.where ?? name, text };
}

type Check = (command: readonly string[], files: readonly Checked[]) => Promise<Problem[] | "absent">;

async function checkFiles(
  promtool: Promtool,
  command: readonly string[],
  files: readonly Checked[],
): ReturnType<Check> {
  const { state, output } = await runPromtool(promtool, command, files);
  if (state === "absent") return "absent";
  if (state === "passed") return [];
  const found = files.flatMap(({ name, where }) =>
    reasonsFor(output, name).map(({ message, line }) => {
      const problem = refusal(where, message);
      return line === undefined || command === CHECK_CONFIG ? problem : { ...problem, line };
    }),
  );
  const [first] = files;
  return found.length > 0 || !first ? found : [refusal(first.where, lastReason(output))];
}

function refusal(where: string, reason: string): Problem {
  return error("promtool_refuses", where, `promtool rejects it: ${reason}`);
}
