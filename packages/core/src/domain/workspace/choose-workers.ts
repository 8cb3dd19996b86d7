import { error, type Problem } from "../checks/problem.ts";
import { isSameHost } from "./host-address.ts";
import { didYouMean } from "./names.ts";
import type { Worker } from "./worker.ts";

/** The worker properties that selection needs. */
export type Choosable = Pick<Worker, "host" | "hostname" | "labels" | "tags">;

/** A worker that a list of terms selects. */
export interface Chosen<T extends Choosable = Choosable> {
  readonly worker: T;
  /** Whether it was named by host or hostname; otherwise it was selected by a label or zone. */
  readonly named: boolean;
}

/**
 * Returns the workers that a list of terms selects, in the order of `workers`, each once. A term is a host, a hostname,
 * `label:web` or `zone:a`, in upper or lower case. An unknown term and an ambiguous hostname are problems.
 */
export function chooseWorkers<T extends Choosable>(
  words: readonly string[],
  workers: readonly T[],
  flag: string,
): { readonly chosen: readonly Chosen<T>[]; readonly problems: readonly Problem[] } {
  const chosen = new Map<T, Chosen<T>>();
  const problems: Problem[] = [];
  for (const word of words) {
    const { kind, name } = parted(word);
    const meant = kind === "host" ? named(name, workers) : workers.filter((worker) => isOf(kind, name, worker));
    const problem = problemOf(word, meant, workers, flag);
    if (problem) problems.push(problem);
    for (const worker of meant) {
      const before = chosen.get(worker);
      chosen.set(worker, { worker, named: kind === "host" || (before?.named ?? false) });
    }
  }
  return { chosen: workers.flatMap((worker) => chosen.get(worker) ?? []), problems };
}

type Kind = "host" | "label" | "zone";

/** Splits `label:web` into prefix and name. No valid host has such a prefix: a host with a colon is an IPv6 address. */
function parted(word: string): { readonly kind: Kind; readonly name: string } {
  const [, kind, name = ""] = /^(label|zone):(.*)$/i.exec(word) ?? [];
  const text = (kind === undefined ? word : name).trim().toLowerCase();
  return { kind: kind === undefined ? "host" : kind.toLowerCase() === "label" ? "label" : "zone", name: text };
}

/** The workers with this name. Hosts are unique. Hostnames, which may repeat, are searched only if no host matches. */
function named<T extends Choosable>(name: string, workers: readonly T[]): T[] {
  const hosts = workers.filter(({ host }) => isSameHost(host, name));
  return hosts.length > 0 ? hosts : workers.filter(({ hostname }) => hostname?.toLowerCase() === name);
}

function isOf(kind: "label" | "zone", name: string, { labels, tags }: Choosable): boolean {
  return kind === "label" ? labels.includes(name) : tags.zone?.toLowerCase() === name;
}

function problemOf(
  word: string,
  meant: readonly Choosable[],
  workers: readonly Choosable[],
  flag: string,
): Problem | undefined {
  const { kind, name } = parted(word);
  if (kind === "host" && meant.length > 1) {
    const hosts = meant.map(({ host }) => host).join(", ");
    return error("ambiguous_worker", flag, `"${word}" is the hostname of ${hosts}`, "name one of these hosts instead");
  }
  if (meant.length > 0) return undefined;
  const list = "to list the workers, run maand cat workers";
  if (kind === "host") {
    const known = workers.flatMap(({ host, hostname }) => (hostname === undefined ? [host] : [host, hostname]));
    const groups = [...new Set(workers.flatMap(({ labels }) => labels))];
    const near = groups.includes(name) ? `did you mean "label:${name}"?` : didYouMean(word, known);
    return error("unknown_worker", flag, `there is no worker "${word}"`, near ?? list);
  }
  const known = workers.flatMap(({ labels, tags }) => (kind === "label" ? labels : [tags.zone ?? ""]));
  const near = didYouMean(
    `${kind}:${name}`,
    known.map((one) => `${kind}:${one}`),
  );
  const what = kind === "label" ? `has the label "${name}"` : `is in zone "${name}"`;
  return error("empty_selection", flag, `no worker ${what}`, near ?? list);
}
