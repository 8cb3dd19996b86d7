import { expect, it } from "vitest";
import { type FleetBucket, withFleetBucket } from "../../support/bucket/fleet-bucket.ts";
import { httpService, requestVersion } from "../../support/bucket/http-service.ts";

/** Writes the service. Its target `restart` records the reason for the restart. */
function write({ bucket }: FleetBucket, version: string): void {
  const { manifest, files } = httpService(version);
  const noted = files.Makefile.replace(
    "restart: stop start",
    'restart: stop start\n\t@echo "$(DEPLOY_REASON) $(CURRENT_VERSION) $(NEW_VERSION)" >> data/reasons',
  );
  bucket.job("web", manifest, { ...files, Makefile: noted });
}

interface ReleaseRow {
  readonly release: string;
  readonly verdict: string;
  readonly runs_on: readonly string[];
  readonly wanted: boolean;
  readonly held: { readonly kind: string } | null;
}

it("a rollback restores the last good release, and deploys skip the replaced release until the job changes", () =>
  withFleetBucket({ count: 3 }, async (fixture) => {
    const { bucket, hosts, workers, directory } = fixture;
    const versions = () => Promise.all(hosts.map(requestVersion));
    const all = (version: string) => hosts.map(() => version);
    for (const version of ["1.0.0", "1.1.0"]) {
      write(fixture, version);
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    }
    expect((await bucket.maand("diff", "web", "r1", "r2")).stdout).toContain('+{"version":"1.1.0"');

    const planned = await bucket.maand("rollback", "web", "--dry-run", "--diff");
    expect(planned).toMatchObject({ code: 0, stdout: expect.stringContaining("version 1.1.0 -> 1.0.0") });
    expect(await versions()).toEqual(all("1.1.0"));

    expect(await bucket.maand("rollback", "web")).toMatchObject({ code: 0 });
    expect(await versions()).toEqual(all("1.0.0"));
    const reasons = await Promise.all(workers.map((worker) => worker.read(`${directory("web")}/data/reasons`)));
    expect(reasons).toEqual(all("upgrade 1.0.0 1.1.0\nrollback 1.1.0 1.0.0\n"));
    const releases = await bucket.json<ReleaseRow[]>("releases", "web");
    expect(releases).toMatchObject([
      { release: "r2", verdict: "good", runs_on: [], wanted: false, held: { kind: "rollback" } },
      { release: "r1", verdict: "good", runs_on: hosts, wanted: true, held: null },
    ]);

    const held = "web is held: r2 (1.1.0) was rolled back";
    for (const words of [["build"], ["deploy"], ["why", "web"], ["cat", "deployments"], ["job", "status", "web"]])
      expect(await bucket.maand(...words)).toMatchObject({ code: 0, stderr: expect.stringContaining(held) });
    expect((await bucket.maand("deploy", "--dry-run")).stdout).toContain(held);
    expect(await versions()).toEqual(all("1.0.0"));

    expect(await bucket.maand("deploy", "--jobs", "web", "--release", "r2")).toMatchObject({ code: 0 });
    expect(await versions()).toEqual(all("1.1.0"));
    expect(await bucket.maand("rollback", "web", "--to", "1.0.0")).toMatchObject({ code: 0 });
    write(fixture, "1.2.0");
    const fixed = await bucket.maand("deploy", "--build");
    expect(fixed.code).toBe(0);
    expect(fixed.stderr).not.toContain("is held");
    expect(await versions()).toEqual(all("1.2.0"));
  }));

it("a rollback to a missing release, or with incompatible flags, is refused before anything changes", () =>
  withFleetBucket({ count: 1 }, async (fixture) => {
    const { bucket, hosts } = fixture;
    write(fixture, "1.0.0");
    await bucket.maand("deploy", "--build");
    const refused = async (...words: readonly string[]) => {
      const { code, stderr } = await bucket.maand(...words);
      expect({ words, code }).toEqual({ words, code: 2 });
      return stderr;
    };
    expect(await refused("rollback", "web", "--to", "r7")).toContain("it has r1 (1.0.0)");
    expect(await refused("rollback", "web")).toContain("no other release of web was healthy on all its allocations");
    expect(await refused("rollback")).toContain("no job is given");
    expect(await refused("rollback", "nope")).toContain('there is no job "nope"');
    expect(await refused("rollback", "web", "--run", "1")).toContain("--run already selects the jobs");
    expect(await refused("rollback", "--run", "99")).toContain("no record says that run 99 rolled out a job");
    expect(await refused("deploy", "--release", "r1")).toContain("--release names a release of one job");
    expect(await refused("diff", "web", "r1", "9.9.9")).toContain("it has r1 (1.0.0)");
    expect(await Promise.all(hosts.map(requestVersion))).toEqual(["1.0.0"]);
  }));
