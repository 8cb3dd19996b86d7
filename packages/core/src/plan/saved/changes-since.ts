import { error, type Problem } from "../../domain/checks/problem.ts";
import type { Basis } from "./plan-schema.ts";

/** Names written out where many things of one kind changed. */
const NAMED = 10;

/** Everything that a plan rests on and that is different now, by name. */
export function changesSince(before: Basis, now: Basis): Problem[] {
  return [
    ...(before.maand === now.maand ? [] : [changed("maand", `version ${before.maand} -> ${now.maand}`)]),
    ...versions(before.plugins, now.plugins),
    ...names("setting", before.settings, now.settings),
    ...jobs(before.jobs, now.jobs),
    ...workers(before, now),
    ...allocations(before.allocations, now.allocations),
    ...kv(before.kv, now.kv),
    ...lists(before.kv_keys, now.kv_keys),
  ];
}

function changed(where: string, message: string): Problem {
  return error("changed_since_plan", where, message);
}

/** The keys of both, sorted. */
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
    if (!was || !is) return []; // the allocations on it tell
    const what = [
      ...(was.entry === is.entry ? [] : ["its entry in workers.json changed"]),
      ...(was.root === is.root ? [] : ["its files were delivered to another directory"]),
    ];
    return what.length === 0 ? [] : [changed(`worker ${host}`, what.join("; "))];
  });
  const [was, is] = [new Set(before.in_doubt), new Set(now.in_doubt)];
  return [
    ...entries,
    ...now.in_doubt
      .filter((host) => !was.has(host))
      .map((host) => changed(`worker ${host}`, "its last delivery is in doubt")),
    ...before.in_doubt
      .filter((host) => !is.has(host))
      .map((host) => changed(`worker ${host}`, "its last delivery is no longer in doubt")),
  ];
}

function allocations(before: Basis["allocations"], now: Basis["allocations"]): Problem[] {
  return keysOf(before, now).flatMap((job) => {
    const [was, is] = [before[job] ?? {}, now[job] ?? {}];
    const hosts = keysOf(was, is);
    const added = hosts.filter((host) => was[host] === undefined);
    const gone = hosts.filter((host) => is[host] === undefined);
    const others = hosts.filter((host) => ![undefined, is[host]].includes(was[host]) && is[host] !== undefined);
    return [
      ...(added.length > 0 ? [changed(`job ${job}`, `is now also on ${listed(added)}`)] : []),
      ...(gone.length > 0 ? [changed(`job ${job}`, `is no longer on ${listed(gone)}`)] : []),
      ...(others.length > 0 ? [changed(`job ${job}`, `what is recorded of it on ${listed(others)} changed`)] : []),
    ];
  });
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
