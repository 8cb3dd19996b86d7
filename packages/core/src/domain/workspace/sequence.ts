/**
 * Computes the waves of jobs: 0 for a job without dependencies, otherwise one more than the highest wave among the jobs
 * that it depends on. Takes linear time. Jobs in a cycle, and jobs that depend on a cycle, have no wave; `cycle` then
 * names one cycle, from a job back to itself.
 */
export function sequence(demands: ReadonlyMap<string, readonly string[]>): {
  readonly waves: ReadonlyMap<string, number>;
  readonly cycle?: readonly string[];
} {
  const { waiting, dependents } = count(demands);
  const waves = new Map<string, number>();
  let wave = [...waiting].filter(([, left]) => left === 0).map(([job]) => job);
  for (let number = 0; wave.length > 0; number += 1) {
    for (const job of wave) waves.set(job, number);
    wave = wave.flatMap((job) => release(job, waiting, dependents));
  }
  return waves.size === demands.size ? { waves } : { waves, cycle: findCycle(demands, waves) };
}

/** The number of jobs that each job still waits for, and the jobs that wait for it. */
function count(demands: ReadonlyMap<string, readonly string[]>) {
  const waiting = new Map<string, number>();
  const dependents = new Map<string, string[]>();
  for (const [job, demanded] of demands) {
    const known = [...new Set(demanded)].filter((name) => demands.has(name));
    waiting.set(job, known.length);
    for (const name of known) {
      const list = dependents.get(name) ?? [];
      list.push(job);
      dependents.set(name, list);
    }
  }
  return { waiting, dependents };
}

/** Jobs that can get a wave now that this job has one, because it was the last of their dependencies. */
function release(job: string, waiting: Map<string, number>, dependents: ReadonlyMap<string, string[]>): string[] {
  return (dependents.get(job) ?? []).filter((dependent) => {
    const left = (waiting.get(dependent) ?? 0) - 1;
    waiting.set(dependent, left);
    return left === 0;
  });
}

/** Follows dependencies among the jobs without a wave until a job repeats. */
function findCycle(demands: ReadonlyMap<string, readonly string[]>, waves: ReadonlyMap<string, number>): string[] {
  const stuck = (names: Iterable<string>) => [...names].filter((name) => demands.has(name) && !waves.has(name)).sort();
  const path = new Set<string>();
  let job = stuck(demands.keys())[0];
  while (job !== undefined && !path.has(job)) {
    path.add(job);
    job = stuck(demands.get(job) ?? [])[0];
  }
  const walked = [...path];
  return job === undefined ? walked : [...walked.slice(walked.indexOf(job)), job];
}
