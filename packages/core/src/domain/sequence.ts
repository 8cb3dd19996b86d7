/**
 * Waves of jobs: 0 for a job that demands none, else one more than the latest job it demands. One walk over jobs and
 * demands (B01). Jobs on a circle have no wave; `circle` then names one, from a job back to itself.
 */
export function sequence(demands: ReadonlyMap<string, readonly string[]>): {
  readonly waves: ReadonlyMap<string, number>;
  readonly circle?: readonly string[];
} {
  const waves = new Map<string, number>();
  const waiting = new Map<string, number>();
  const dependents = new Map<string, string[]>();
  for (const [job, demanded] of demands) {
    const known = [...new Set(demanded)].filter((name) => demands.has(name));
    waiting.set(job, known.length);
    for (const name of known) listOf(dependents, name).push(job);
  }
  const ready = [...waiting].filter(([, count]) => count === 0).map(([job]) => job);
  for (const job of ready) waves.set(job, 0);
  for (let at = 0; at < ready.length; at += 1) release(ready[at] ?? "", ready);
  const circle =
    waves.size === demands.size && ready.length === demands.size ? undefined : findCircle(demands, new Set(ready));
  return circle ? { waves, circle } : { waves };

  function release(job: string, queue: string[]): void {
    for (const dependent of dependents.get(job) ?? []) {
      waves.set(dependent, Math.max(waves.get(dependent) ?? 0, (waves.get(job) ?? 0) + 1));
      const left = (waiting.get(dependent) ?? 1) - 1;
      waiting.set(dependent, left);
      if (left === 0) queue.push(dependent);
    }
  }
}

function listOf(lists: Map<string, string[]>, key: string): string[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

/** Follows demands among the jobs that never became ready until one comes up again. */
function findCircle(demands: ReadonlyMap<string, readonly string[]>, ready: ReadonlySet<string>): string[] {
  const path: string[] = [];
  let job = [...demands.keys()].sort().find((name) => !ready.has(name));
  while (job !== undefined && !path.includes(job)) {
    path.push(job);
    job = [...(demands.get(job) ?? [])].sort().find((name) => demands.has(name) && !ready.has(name));
  }
  return job === undefined ? path : [...path.slice(path.indexOf(job)), job];
}
