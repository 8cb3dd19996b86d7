/**
 * The figures of a client's requests: how many, by version, and when each host was away. A host is away from the first ask
 * that failed to the next one that did not; `together` is how long two of them were away at once, `between` the shortest
 * time from one coming back to another going.
 */
export function figuresOf(requests) {
  const hosts = [...new Set(requests.map(({ host }) => host))].map((host) => hostFigures(host, requests));
  const outages = hosts.flatMap(({ host, away }) => away.map((time) => ({ host, ...time })));
  return {
    asked: requests.length,
    failed: requests.filter(({ version }) => version === undefined).length,
    versions: countVersions(requests),
    hosts,
    together: longestOverlap(outages),
    between: shortestGap(outages),
  };
}

function hostFigures(host, all) {
  const requests = all.filter((request) => request.host === host);
  const away = [];
  let from;
  for (const { at, version } of requests) {
    if (version === undefined) from ??= at;
    else if (from !== undefined) {
      away.push({ from, to: at });
      from = undefined;
    }
  }
  if (from !== undefined) away.push({ from, to: Number.POSITIVE_INFINITY });
  return { host, asked: requests.length, failed: requests.filter(({ version }) => version === undefined).length, away };
}

function countVersions(requests) {
  const counts = new Map();
  for (const { version } of requests) if (version !== undefined) counts.set(version, (counts.get(version) ?? 0) + 1);
  return counts;
}

function longestOverlap(outages) {
  return Math.max(0, ...pairsOf(outages).map(([a, b]) => Math.min(a.to, b.to) - Math.max(a.from, b.from)));
}

function shortestGap(outages) {
  return Math.min(...pairsOf(outages).map(([a, b]) => Math.max(a.from, b.from) - Math.min(a.to, b.to)));
}

/** Every two outages of different hosts. */
function pairsOf(outages) {
  return outages.flatMap((a, at) =>
    outages
      .slice(at + 1)
      .filter(({ host }) => host !== a.host)
      .map((b) => [a, b]),
  );
}
