import { error, type Problem } from "@maand/core";
import type { Basis } from "../file/plan-schema.ts";

/** The number of names to list if many things of one kind changed. */
const NAMED = 10;

/**
 * Workers of a job whose allocations probably changed since the plan was made. The plan itself does not change these
 * allocations.
 */
export interface Suspects {
  /** Workers that have no record of the job. */
  readonly added: readonly string[];
  readonly changed: readonly string[];
}

/** Finds the allocations of a job that probably changed. */
export type FindSuspects = (job: string) => Suspects;

/** Names everything that a plan depends on and that has changed. */
export function changesSince(before: Basis, now: Basis, suspectsOf: FindSuspects): Problem[] {
  return [
    ...(before.maand === now.maand ? [] : [changed("maand", `version ${before.maand} -> ${now.maand}`)]),
    ...versions(before.plugins, now.plugins),
    ...names("setting", before.settings, now.settings),
    ...jobs(before.jobs, now.jobs),
    ...workers(before, now),
    ...allocations(before.allocations, now.allocations, suspectsOf),
    ...rollouts(before.rollouts, now.rollouts),
    ...kv(before.kv, now.kv),
    ...lists(before.kv_keys, now.kv_keys),
  ];
}

function changed(where: string, message: string): Problem {
  return error("changed_since_plan", where, message);
}

/** The keys of both objects, sorted. */
function keysOf(before: object, now: object): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
}

type Prints = Readonly<Record<string, string>>;

function versions(before: Prints, now: Prints): Problem[] {
  return keysOf(before, now).flatMap((name) => {
    const [was, is] = [before[name], now[name]];
    if (was === is) return [];
    if (is === undefined) return [changed(`plugin ${name}`, "is no longer loaded")];
    if (was === undefined) return [changed(`plugin ${name}`, "was added")];
    return [changed(`plugin ${name}`, `${was} -> ${is}`)];
  });
}

function names(kind: string, before: Prints, now: Prints): Problem[] {
  return keysOf(before, now)
    .filter((name) => before[name] !== now[name])
    .map((name) => changed(`${kind} ${name}`, "changed"));
}

function jobs(before: Basis["jobs"], now: Basis["jobs"]): Problem[] {
  return keysOf(before, now).flatMap((name) => {
    const [was, is] = [before[name], now[name]];
    if (!was || !is) return [changed(`job ${name}`, is ? "was added" : "was removed")];
    const what = [
      ...(was.version === is.version ? [] : [`version ${was.version} -> ${is.version}`]),
      ...(was.files === is.files ? [] : [`its files changed${is.release === null ? "" : ` (now r${is.release})`}`]),
      ...(was.manifest === is.manifest ? [] : ["its manifest, or its place in the catalog, changed"]),
      ...(was.held === is.held ? [] : [is.held === null ? `r${was.held} is no longer held` : `r${is.held} is held`]),
      ...(was.after_pending === is.after_pending
        ? []
        : [is.after_pending ? "its post_deploy is due" : "its post_deploy has run"]),
    ];
    return what.length === 0 ? [] : [changed(`job ${name}`, what.join("; "))];
  });
}

function workers(before: Basis, now: Basis): Problem[] {
  const entries = keysOf(before.workers, now.workers).flatMap((host) => {
    const [was, is] = [before.workers[host], now.workers[host]];
    if (!was || !is) return []; // a difference shows up in its allocations
    const what = [
      ...(was.entry === is.entry ? [] : ["its entry in workers.json changed"]),
      ...(was.root === is.root ? [] : ["its files were synced to another directory"]),
    ];
    return what.length === 0 ? [] : [changed(`worker ${host}`, what.join("; "))];
  });
  const [was, is] = [new Set(before.in_doubt), new Set(now.in_doubt)];
  return [
    ...entries,
    ...now.in_doubt
      .filter((host) => !was.has(host))
      .map((host) => changed(`worker ${host}`, "its last sync is in doubt")),
    ...before.in_doubt
      .filter((host) => !is.has(host))
      .map((host) => changed(`worker ${host}`, "its last sync is no longer in doubt")),
  ];
}

const NONE: Basis["allocations"][string] = { count: 0, all: "", changing: {} };

function allocations(before: Basis["allocations"], now: Basis["allocations"], suspectsOf: FindSuspects): Problem[] {
  return keysOf(before, now).flatMap((job) => {
    const [was, is] = [before[job] ?? NONE, now[job] ?? NONE];
    const hosts = keysOf(was.changing, is.changing);
    const isSame = was.all === is.all && was.count === is.count;
    const suspects = isSame ? { added: [], changed: [] } : suspectsOf(job);
    const isNew = (host: string) => !hosts.includes(host);
    const gone = hosts.filter((host) => is.changing[host] === undefined);
    const added = [...hosts.filter((host) => was.changing[host] === undefined), ...suspects.added.filter(isNew)];
    const others = hosts.filter((host) => {
      const state = was.changing[host];
      return state !== undefined && is.changing[host] !== undefined && is.changing[host] !== state;
    });
    const changes = [...others, ...suspects.changed.filter(isNew)];
    const what = [
      ...(added.length > 0 ? [`is now also on ${listed(added)}`] : []),
      ...(gone.length > 0 ? [`is no longer on ${listed(gone)}`] : []),
      ...(changes.length > 0 ? [`its recorded state on ${listed(changes)} changed`] : []),
    ];
    const rest = isSame || what.length > 0 ? [] : ["its allocations, or their recorded states, changed"];
    return [...what, ...rest].map((message) => changed(`job ${job}`, message));
  });
}

function rollouts(before: Basis["rollouts"], now: Basis["rollouts"]): Problem[] {
  return keysOf(before, now).flatMap((job) => {
    const [was, is] = [before[job], now[job]];
    const message = rolloutChange(was, is);
    return message === undefined ? [] : [changed(`rollout of ${job}`, message)];
  });
}

type Position = Basis["rollouts"][string];

function rolloutChange(was: Position | undefined, is: Position | undefined): string | undefined {
  if (!was) return is && `r${is.release} began, and is at step ${is.step + 1}`;
  if (!is) return `r${was.release} is no longer rolled out in steps: it is complete, or was aborted or replaced`;
  if (was.release !== is.release) return `r${is.release} replaced r${was.release}`;
  if (was.step !== is.step) return `is at step ${is.step + 1} instead of step ${was.step + 1}`;
  if (was.until !== is.until) return "its timed wait began, or began again";
  return was.previous === is.previous ? undefined : "goes back to another release if it is aborted";
}

function listed(hosts: readonly string[]): string {
  const more = hosts.length > NAMED ? ` and ${hosts.length - NAMED} more` : "";
  return `${hosts.slice(0, NAMED).join(", ")}${more}`;
}

function kv(before: Basis["kv"], now: Basis["kv"]): Problem[] {
  return keysOf(before, now).flatMap((namespace) => {
    const [was, is] = [before[namespace] ?? {}, now[namespace] ?? {}];
    return keysOf(was, is)
      .filter((key) => was[key] !== is[key])
      .map((key) => changed(`KV ${namespace} ${key}`, verb(was[key] ?? null, is[key] ?? null)));
  });
}

function verb(before: string | null, now: string | null): string {
  if (before === null) return "was set";
  return now === null ? "was deleted" : "changed";
}

function lists(before: Prints, now: Prints): Problem[] {
  return keysOf(before, now)
    .filter((namespace) => before[namespace] !== now[namespace])
    .map((namespace) => changed(`KV ${namespace}`, "has other keys"));
}
