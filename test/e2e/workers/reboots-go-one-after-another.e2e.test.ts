import { expect, it } from "vitest";
import { type FleetBucket, withFleetBucket } from "../../support/bucket/fleet-bucket.ts";
import { httpService, requestVersion } from "../../support/bucket/http-service.ts";
import { until } from "../../support/fleet/index.ts";

const DOWN_MS = 1_500;

/**
 * The shortest time between the end of a reboot and the beginning of the next one. If it is negative, two workers were
 * down at the same time.
 */
function shortestGap(reboots: readonly { readonly downAt: number; readonly upAt: number | undefined }[]): number {
  const ordered = [...reboots].sort((a, b) => a.downAt - b.downAt);
  return Math.min(
    ...ordered.slice(1).map(({ downAt }, at) => downAt - (ordered[at]?.upAt ?? Number.POSITIVE_INFINITY)),
  );
}

async function serving({ bucket }: FleetBucket): Promise<void> {
  const { manifest, files } = httpService("1.0.0");
  bucket.job("api", manifest, files);
  bucket.job("worker", { version: "1.0.0", selectors: ["worker"] });
  expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
}

it("pattern A drains, reboots and enables a worker, and starts its jobs again", () =>
  withFleetBucket({ count: 2 }, async (fixture) => {
    const { bucket, workers, hosts, lifecycle, rollouts } = fixture;
    const [, second] = workers;
    const [stays = "", host = ""] = hosts;
    if (!second) throw new Error("no second worker");
    await serving(fixture);
    expect(await bucket.maand("reboot")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('unknown command "reboot"'),
    });
    const reboots = await second.reboots({ downMs: DOWN_MS });

    bucket.write("workspace/disabled.json", `{ "workers": ["${host}"] }\n`);
    expect(await bucket.maand("build")).toMatchObject({ code: 0 });
    expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
    expect(await requestVersion(host)).toBeUndefined();

    const down = await bucket.maand("run_command", "sudo shutdown -r now", "--workers", host);
    expect(down).toMatchObject({ code: 0, stderr: expect.stringContaining("the connection closed") });
    expect(reboots.map(({ command }) => command)).toEqual(["shutdown -r now"]);
    expect(await requestVersion(stays)).toBe("1.0.0");
    // "wait for SSH": the step checks that the worker answers
    expect(await bucket.maand("health_check", "--wait")).toMatchObject({ code: 0 });

    bucket.disable({});
    expect(await bucket.maand("build")).toMatchObject({ code: 0 });
    expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
    expect(await bucket.maand("health_check", "--jobs", "api,worker", "--wait")).toMatchObject({ code: 0 });
    expect(await requestVersion(host)).toBe("1.0.0");
    expect((await lifecycle("api", second)).at(-1)).toBe("start 1.0.0");
    expect((await rollouts())[`api@${host}`]).toBe("promoted");
    expect(await bucket.maand("job", "status", "api", "--allocations", host)).toMatchObject({ code: 0 });
  }));

it("pattern B reboots one worker after another, and waits until each is up again before the next goes down", () =>
  withFleetBucket({ count: 3 }, async (fixture) => {
    const { bucket, workers, hosts } = fixture;
    await serving(fixture);
    const rebootsOf = await Promise.all(workers.map((worker) => worker.reboots({ downMs: DOWN_MS })));
    const list = hosts.join(",");
    const ended = await bucket.maand("run_command", "sudo shutdown -r now", "--workers", list, "--concurrency", "1");
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.stderr).toContain(`3 workers, one after another: ${hosts.join(", ")}`);
    expect(rebootsOf.map((reboots) => reboots.length)).toEqual([1, 1, 1]);
    expect(shortestGap(rebootsOf.flat())).toBeGreaterThanOrEqual(0);

    // the last worker may still be starting, and only the operator starts the service there
    const waited = await bucket.maand("health_check", "--wait");
    expect(waited).toMatchObject({ code: 1, stdout: expect.stringContaining("worker health check passed") });
    expect(await bucket.maand("job", "start", "api")).toMatchObject({ code: 0 });
    expect(await bucket.maand("health_check", "--wait")).toMatchObject({ code: 0 });
  }));

it("pattern B also waits for a machine that goes down some time after the shutdown command has ended", () =>
  withFleetBucket({ count: 2 }, async ({ bucket, workers, hosts }) => {
    expect(await bucket.maand("build")).toMatchObject({ code: 0 });
    const rebootsOf = await Promise.all(workers.map((worker) => worker.reboots({ downMs: DOWN_MS, answersMs: 700 })));
    const list = hosts.join(",");
    const ended = await bucket.maand("run_command", "sudo shutdown -r now", "--workers", list, "--concurrency", "1");
    expect(ended).toMatchObject({ code: 0 });
    // the command does not wait for the last worker, which goes down later
    await until("the reboot of the second worker", () => rebootsOf[1]?.length === 1);
    expect(rebootsOf[0]).toHaveLength(1);
    expect(shortestGap(rebootsOf.flat())).toBeGreaterThanOrEqual(0);
  }));

it("pattern C checks health after each batch without a drain, and stops if a job stays unhealthy", () =>
  withFleetBucket({ count: 2 }, async (fixture) => {
    const { bucket, workers, hosts } = fixture;
    await serving(fixture);
    const list = hosts.join(",");
    for (const worker of workers) {
      await worker.write("/usr/local/sbin/systemctl", '#!/bin/sh\necho "systemctl $*"\n');
      await worker.run(["chmod", "755", "/usr/local/sbin/systemctl"]);
    }
    const restart = ["run_command", "systemctl restart docker", "--workers", list, "--concurrency", "1"];
    const fine = await bucket.json<{ worker_ip: string; outcome: string; stdout: string }[]>(
      ...restart,
      "--health_check",
    );
    expect(fine).toMatchObject(
      hosts.map((host) => ({ worker_ip: host, outcome: "ok", stdout: "systemctl restart docker\n" })),
    );

    const rebootsOf = await Promise.all(workers.map((worker) => worker.reboots({ downMs: DOWN_MS })));
    const unhealthy = await bucket.maand(
      ...["run_command", "sudo shutdown -r now", "--workers", list, "--concurrency", "1", "--health_check"],
    );
    // nothing starts the service again on a worker that was not drained, so the reboots end there
    expect(unhealthy).toMatchObject({ code: 1, stderr: expect.stringContaining("api is not healthy") });
    expect(unhealthy.stderr).toContain(`skipped ${hosts[1]}`);
    expect(rebootsOf.map((reboots) => reboots.length)).toEqual([1, 0]);
    expect(await requestVersion(hosts[1] ?? "")).toBe("1.0.0");
  }));

it("a machine that does not start after its reboot ends the run, but a machine that is powered off does not", () =>
  withFleetBucket({ count: 2 }, async ({ bucket, workers, hosts, fleet }) => {
    bucket.write("maand.conf", `${fleet.conf}timeouts.command = 3\ntimeouts.connect = 1\n`);
    expect(await bucket.maand("build")).toMatchObject({ code: 0 });
    const rebootsOf = await Promise.all(workers.map((worker) => worker.reboots({ downMs: undefined })));
    const rolled = await bucket.json<{ outcome: string }[]>("run_command", "sudo reboot");
    expect(rolled.map(({ outcome }) => outcome)).toEqual(["failed", "skipped"]);
    expect(rebootsOf.map((reboots) => reboots.length)).toEqual([1, 0]);
    await workers[0]?.start();
    const off = await bucket.json<{ outcome: string }[]>("run_command", "sudo poweroff");
    expect(off.map(({ outcome }) => outcome)).toEqual(["disconnected", "disconnected"]);
    expect((await bucket.maand("run_command", "uptime")).stderr).toContain(`unreachable ${hosts[0]}`);
  }));
