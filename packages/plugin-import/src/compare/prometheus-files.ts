import { isDeepStrictEqual } from "node:util";
import { isRecord } from "@maand/core/operator";
import { parse } from "yaml";

/**
 * Compares the files that the Go program created for a job that runs Prometheus with the files that maand creates from
 * the same sources. The layout of the configuration and the rules differs. The text of pages and of maand's own alerts
 * differs.
 */

/** How a file that both programs create differs. */
export type Made =
  /** It has the same meaning. */
  | "same meaning"
  /** A page, or maand's own alerts: the text depends on the program. */
  | "own text"
  /** A rule file without the fields that the Go program did not support. */
  | "fields left out"
  /** Only sections that are created from the files of all jobs differ. */
  | "other sources"
  | "other";

const CONFIGURATION = "prometheus.yml";
const OWN_RULES = "rules/maand/certs.yaml";

/** Whether a file is the configuration, which has a template. */
export function isConfiguration(path: string): boolean {
  return path === CONFIGURATION;
}

/** Whether the Go program created this file for a Prometheus server, from sources of other jobs or without sources. */
export function isMade(path: string): boolean {
  return path === CONFIGURATION || /^(rules|consoles)\//.test(path);
}

/** Whether the Go program created this file without a source: style sheets, lists of pages, and its own alerts. */
export function isOwn(path: string): boolean {
  return path === OWN_RULES || /^consoles\/(runbooks|dashboards)\/(style\.css|index\.html)$/.test(path);
}

/** Compares a file on a worker with the file that would be rendered. */
export function compareMade(path: string, found: string, wanted: string): Made {
  if (path === OWN_RULES || path.startsWith("consoles/")) return "own text";
  const [before, after] = [parsed(found), parsed(wanted)];
  if (!isRecord(before) || !isRecord(after)) return "other";
  return path === CONFIGURATION ? compareConfigurations(before, after) : compareRules(before, after);
}

/** The source of a file in the directory of its job; undefined for a file without a source. */
export function sourceOf(path: string): string | undefined {
  const [, job, name] = /^consoles\/runbooks\/([^/]+)\/(.+)\.html$/.exec(path) ?? [];
  return job === undefined ? undefined : `${job}/_prometheus/runbooks/${name}.md`;
}

type Values = Readonly<Record<string, unknown>>;

/** Parses YAML, and keeps all scalars as written: `yes` remains a word, regardless of the YAML version. */
function parsed(text: string): unknown {
  try {
    return parse(text, { schema: "failsafe", merge: true });
  } catch {
    return undefined;
  }
}

/** The sections that `scrapeConfigs` and `ruleFiles` write. */
const SECTIONS: readonly string[] = ["scrape_configs", "rule_files"];

function compareConfigurations(before: Values, after: Values): Made {
  const [one, other] = [sorted(before), sorted(after)];
  if (isDeepStrictEqual(one, other)) return "same meaning";
  return isDeepStrictEqual(without(one, SECTIONS), without(other, SECTIONS)) ? "other sources" : "other";
}

/** The value with sorted targets, because the two programs list workers in different orders. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(([key, part]) => {
    return [key, key === "targets" && Array.isArray(part) ? [...part].sort() : sorted(part)];
  });
  return Object.fromEntries(entries);
}

/**
 * The fields that the Go program supported. It rewrote files with runbooks, omitted all other fields, and wrote these
 * fields even if they were empty.
 */
const GROUP_FIELDS: readonly string[] = ["name", "rules"];
const RULE_FIELDS: readonly string[] = ["alert", "record", "expr", "for", "labels", "annotations"];

function compareRules(before: Values, after: Values): Made {
  const [one, other] = [withoutEmpty(before), withoutEmpty(after)];
  if (isDeepStrictEqual(one, other)) return "same meaning";
  return isDeepStrictEqual(one, withoutEmpty(knownToGo(after))) ? "fields left out" : "other";
}

function knownToGo(rules: Values): Values {
  const groups = listOf(rules.groups).map((group) => {
    const known = only(group, GROUP_FIELDS);
    return { ...known, rules: listOf(known.rules).map((rule) => only(rule, RULE_FIELDS)) };
  });
  return { groups };
}

function listOf(value: unknown): readonly Values[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function only(values: Values, keys: readonly string[]): Values {
  return Object.fromEntries(Object.entries(values).filter(([key]) => keys.includes(key)));
}

function without(value: unknown, keys: readonly string[]): unknown {
  return isRecord(value) ? Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key))) : value;
}

/** The value without keys whose value is an empty string, map or list. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(([key, part]): [string, unknown] => [key, withoutEmpty(part)]);
  return Object.fromEntries(entries.filter(([, part]) => !isEmpty(part)));
}

function isEmpty(value: unknown): boolean {
  if (value === "" || value === null) return true;
  return Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0;
}
