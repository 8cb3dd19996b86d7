import { didYouMean, error, type Job, type JobFile, type Problem, type ValidateContext } from "@maand/core";
import * as v from "valibot";
import { placeOf, ruleFileName, runbookName, type Sources, sourcesOf } from "../sources.ts";
import { readTextFile } from "../text-file.ts";
import { readYaml, schemaProblems, type YamlFile } from "../yaml-file.ts";
import { CERTIFICATE_ALERTS, CERTIFICATE_RULES } from "./certificate-rules.ts";
import { KNOWN_KEYS, type RulesParts, RulesSchema, readableParts } from "./schema.ts";

/** A rule file with a valid structure. */
export interface CheckedRules {
  readonly job: string;
  readonly file: JobFile;
  readonly text: string;
  readonly groups: number;
}

type Context = Pick<ValidateContext, "jobs" | "read" | "report">;

/** Checks the rules of all jobs; every problem has its file and line. */
export function checkRules(context: Context): CheckedRules[] {
  const owners = new Map(CERTIFICATE_ALERTS.map((alert) => [alert, "the rules that maand adds"]));
  return context.jobs.flatMap((job) => {
    const sources = sourcesOf(job);
    return sources.rules.flatMap((file) => checkFile(job, file, sources, owners, context) ?? []);
  });
}

function checkFile(
  job: Job,
  file: JobFile,
  { runbooks }: Sources,
  owners: Map<string, string>,
  { read, report }: Context,
): CheckedRules | undefined {
  const where = placeOf(job.name, file.path);
  if (`${job.name}/${ruleFileName(file.path)}` === CERTIFICATE_RULES)
    report(error("invalid_rules", where, "has the path of the rules that maand adds", "give the file another name"));
  const text = readTextFile(job.name, file, read, report);
  const yaml = text === undefined ? undefined : readYaml({ text, where, code: "invalid_rules" }, report);
  if (text === undefined || !yaml) return undefined;
  const parsed = v.safeParse(RulesSchema, yaml.value);
  const names = new Set(runbooks.map(({ path }) => runbookName(path)));
  const parts = parsed.success ? parsed.output : readableParts(yaml.value);
  const found = [
    ...(parsed.success ? [] : schemaProblems(yaml, parsed.issues)),
    ...rulesProblems(yaml, parts, where, names, owners),
  ];
  for (const problem of found) report(problem);
  if (!parsed.success || found.some(({ level }) => level === "error")) return undefined;
  return { job: job.name, file, text, groups: parsed.output.groups.length };
}

function rulesProblems(
  yaml: YamlFile,
  { groups, ...rest }: RulesParts,
  where: string,
  runbooks: ReadonlySet<string>,
  owners: Map<string, string>,
): Problem[] {
  const names = new Set<string>();
  const strays = unknownKeys(yaml, rest, [], KNOWN_KEYS.file);
  const inGroups = groups.flatMap((group, at) => {
    const path = ["groups", at];
    const twice =
      group.name !== "" && names.has(group.name)
        ? [yaml.problem([...path, "name"], `the group "${group.name}" occurs twice in this file`)]
        : [];
    names.add(group.name);
    const inRules = (group.rules ?? []).flatMap((rule, index) => {
      const place = [...path, "rules", index];
      return [
        ...unknownKeys(yaml, rule, place, KNOWN_KEYS.rule),
        ...recordProblems(yaml, rule, place),
        ...alertProblems(yaml, rule.alert, [...place, "alert"], where, owners),
        ...runbookProblems(yaml, rule.annotations?.runbook, [...place, "annotations", "runbook"], runbooks),
      ];
    });
    return [...twice, ...unknownKeys(yaml, group, path, KNOWN_KEYS.group), ...inRules];
  });
  return [...strays, ...inGroups];
}

type Rule = NonNullable<RulesParts["groups"][number]["rules"]>[number];

/** Reports keys of alerting rules in recording rules, which fire no alert. */
function recordProblems(yaml: YamlFile, rule: Rule, place: readonly unknown[]): Problem[] {
  if (rule.record === undefined) return [];
  const refused = (["for", "keep_firing_for", "annotations"] as const).filter((key) => rule[key] !== undefined);
  return refused.map((key) =>
    yaml.problem([...place, key], `a recording rule has no ${key}`, "only an alerting rule can have"),
  );
}

function alertProblems(
  yaml: YamlFile,
  alert: string | undefined,
  path: readonly unknown[],
  where: string,
  owners: Map<string, string>,
): Problem[] {
  if (alert === undefined || alert.trim() === "") return [];
  const owner = owners.get(alert);
  owners.set(alert, owner ?? where);
  if (owner === undefined) return [];
  const other = owner === where ? "twice in this file" : `also in ${owner}`;
  return [yaml.problem(path, `the alert "${alert}" is ${other}`, "rename one of them")];
}

function runbookProblems(
  yaml: YamlFile,
  runbook: unknown,
  path: readonly unknown[],
  runbooks: ReadonlySet<string>,
): Problem[] {
  if (runbook === undefined || runbooks.has(String(runbook))) return [];
  const file = `_prometheus/runbooks/${String(runbook)}.md`;
  const hint = didYouMean(String(runbook), [...runbooks]) ?? `create ${file}, or remove the annotation`;
  return [yaml.problem(path, `the runbook "${String(runbook)}" does not exist`, hint)];
}

function unknownKeys(yaml: YamlFile, value: object, path: readonly unknown[], known: readonly string[]): Problem[] {
  const strays = Object.keys(value).filter((key) => !known.includes(key));
  return strays.map((key) => ({
    ...yaml.problem(
      [...path, key],
      `Prometheus has no key "${key}" here, and refuses a file with an unknown key`,
      didYouMean(key, known) ?? `valid keys: ${known.join(", ")}`,
    ),
    level: "warning", // a newer version of Prometheus may support more keys
  }));
}
