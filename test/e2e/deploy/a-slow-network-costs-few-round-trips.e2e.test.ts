import { expect, it } from "vitest";
import { withFleetBucket } from "../../support/bucket/fleet-bucket.ts";
import { remotesFor } from "../../support/fleet/index.ts";
import { type SlowLink, slowLink } from "../../support/fleet/slow-link.ts";

const ROUND_TRIP_MS = 40;
/** Round trips: open a channel, start the program, send files, run the target; and close the channel. */
const CHANGED = 4 + 1;

it("a deploy behind a slow network needs few round trips for a changed job, and none for an unchanged job", () =>
  withFleetBucket({ count: 2 }, async ({ fleet, bucket, workers }) => {
    const links = await Promise.all(workers.map((worker) => slowLink(worker, ROUND_TRIP_MS)));
    try {
      const places = links.map(({ port }, at) => ({ host: workers[at]?.host ?? "", port, labels: ["worker"] }));
      bucket.workers(...places);
      bucket.job("api", { version: "1.0.0", selectors: ["worker"], max_concurrent_upgrades: 2 });
      bucket.job("web", { version: "1.0.0", selectors: ["worker"] });
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });

      const remotes = remotesFor(fleet);
      for (const link of links) link.reset();
      await Promise.all(places.map((place) => remotes.connect(place)));
      const toConnect = longestChain(links);
      await remotes.close();

      bucket.job("api", { version: "2.0.0", selectors: ["worker"], max_concurrent_upgrades: 2 });
      expect(await bucket.maand("build")).toMatchObject({ code: 0 });
      for (const link of links) link.reset();
      expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
      expect(links.map(({ connections }) => connections)).toEqual([1, 1]);
      expect(longestChain(links)).toBeLessThanOrEqual(toConnect + CHANGED);

      for (const link of links) link.reset();
      expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
      expect(links.map(({ connections }) => connections)).toEqual([0, 0]);
    } finally {
      await Promise.all(links.map((link) => link.close()));
    }
  }));

function longestChain(links: readonly SlowLink[]): number {
  return Math.max(...links.map(({ roundTrips }) => roundTrips));
}
