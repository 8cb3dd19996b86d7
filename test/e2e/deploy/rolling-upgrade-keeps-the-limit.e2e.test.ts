import { expect, it } from "vitest";
import { withFleetBucket } from "../../support/bucket/fleet-bucket.ts";
import { httpService, requestVersion } from "../../support/bucket/http-service.ts";

it("a rolling upgrade never has more workers down than max_concurrent_upgrades allows", () =>
  withFleetBucket({ count: 3 }, async ({ bucket, hosts }) => {
    const first = httpService("1.0.0");
    bucket.job("web", first.manifest, first.files);
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    expect(await Promise.all(hosts.map(requestVersion))).toEqual(["1.0.0", "1.0.0", "1.0.0"]);

    const second = httpService("2.0.0");
    bucket.job("web", second.manifest, second.files);
    const upgrade = bucket.start(["deploy", "--build"]);
    let over = false;
    void upgrade.ended.then(() => {
      over = true;
    });
    let maxDown = 0;
    let rounds = 0;
    while (!over) {
      const answers = await Promise.all(hosts.map(requestVersion));
      maxDown = Math.max(maxDown, answers.filter((answer) => answer === undefined).length);
      rounds += 1;
    }
    expect(await upgrade.ended).toMatchObject({ code: 0 });
    expect(rounds).toBeGreaterThan(10);
    expect(maxDown).toBeLessThanOrEqual(1);
    expect(await Promise.all(hosts.map(requestVersion))).toEqual(["2.0.0", "2.0.0", "2.0.0"]);
  }));
