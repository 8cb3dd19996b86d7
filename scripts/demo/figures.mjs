/**
 * Statistics of a client's requests: their number, the number of responses by version, and the outages of each host. An
 * outage lasts from a failed request to the next successful one. `together` is the longest time during which two hosts
 * were down at once. `between` is the shortest time from the end of an outage to the start of the next outage on
 * another host.
 */
export function figuresOf(requests) {
  const hosts = [...new Set(requests.map(({ host }) => host))].map((host) => hostFigures(host, requests));
  const outages = hosts.flatMap(({ host, outages }) => outages.map((time) => ({ host, ...time })));
  return {
    sent: requests.length,
    failed: requests.filter(({ version }) => version === undefined).length,
    versions: countVersions(requests),
    hosts,
    together: longestOverlap(outages),
    between: shortestGap(outages),
  };
}

function hostFigures(host, all) {
  const requests = all.filter((request) => request.host === host);
  const outages = [];
  let from;
  for (const { at, version } of requests) {
    if (version === undefined) from ??= at;
    else if (from !== undefined) {
      outages.push({ from, to: at });
      from = undefined;
    }
  }
  if (from !== undefined) outages.push({ from, to: Number.POSITIVE_INFINITY });
  return {
    host,
    sent: requests.length,
    failed: requests.filter(({ version }) => version === undefined).length,
    outages,
  };
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

/** All pairs of outages of different hosts. */
function pairsOf(outages) {
  return outages.flatMap((a, at) =>
    outages
      .slice(at + 1)
      .filter(({ host }) => host !== a.host)
      .map((b) => [a, b]),
  );
}
