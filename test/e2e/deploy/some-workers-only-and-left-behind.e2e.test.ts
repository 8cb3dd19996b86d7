import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { CAREFUL_MAKEFILE } from "../../support/bucket/careful-makefile.ts";
import { type FleetBucket, withFleetBucket } from "../../support/bucket/fleet-bucket.ts";

function write({ bucket }: FleetBucket, version: string): void {
  bucket.job("api", { version, selectors: ["worker"] }, { Makefile: CAREFUL_MAKEFILE, "app.conf": `${version}\n` });
}

const begun = (ran: readonly string[]) => ran.filter((line) => !line.startsWith("end "));

/** Checks that promtool accepts a metrics file. */
function checkMetrics(file: string): void {
  execFileSync("promtool", ["check", "metrics"], { input: readFileSync(file), stdio: ["pipe", "pipe", "inherit"] });
}

it("a deploy changes only the named workers, skips unreachable ones, and a later deploy updates them", () =>
  withFleetBucket({ count: 3 }, async (fixture) => {
    const { bucket, hosts, workers, lifecycles, rollouts } = fixture;
    const [first = "", second = "", third = ""] = hosts;
    write(fixture, "1.0.0");
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });

    // deploy to some workers only
    write(fixture, "2.0.0");
    expect(await bucket.maand("build")).toMatchObject({ code: 0 });
    const unknown = await bucket.maand("deploy", "--workers", "127.9.9.9");
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining("there is no worker") });
    const planned = await bucket.maand("deploy", "--dry-run", "--workers", first);
    expect(planned.stdout).toContain(`unchanged, on workers outside this deploy: api on ${second}, ${third}`);
    const partly = await bucket.maand("deploy", "--workers", first);
    expect(partly).toMatchObject({ code: 0, stderr: expect.stringContaining(`api on ${second}, ${third}`) });
    expect(await rollouts()).toEqual({
      [`api@${first}`]: "promoted",
      [`api@${second}`]: "restart",
      [`api@${third}`]: "restart",
    });
    const releases = await bucket.json<{ release: string; verdict: string }[]>("releases", "api");
    expect(releases.find(({ release }) => release === "r2")?.verdict).not.toBe("good");
    expect((await lifecycles("api")).map((ran) => begun(ran).length)).toEqual([2, 1, 1]);

    // deploy without the worker that is down
    await workers[2]?.stop();
    const refused = await bucket.maand("deploy", "--max-unreachable", "0");
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("--max-unreachable allows 0") });
    expect(await bucket.maand("deploy", "--max-unreachable", "some")).toMatchObject({ code: 2 });
    expect((await rollouts())[`api@${second}`]).toBe("restart");
    const without = await bucket.maand("deploy", "--max-unreachable", "34%");
    expect(without).toMatchObject({ code: 0, stderr: expect.stringContaining(`${third} is left behind: `) });
    expect((await rollouts())[`api@${second}`]).toBe("promoted");

    // all commands list the skipped worker
    const status = await bucket.json<{ left_behind: { worker_ip: string; times: number }[] }>("status");
    expect(status.left_behind).toMatchObject([{ worker_ip: third, times: 1 }]);
    const listed = await bucket.json<{ worker_ip: string; left_behind: object | null }[]>("cat", "workers");
    expect(listed.map(({ left_behind }) => left_behind !== null)).toEqual([false, false, true]);
    expect(await bucket.maand("cat", "workers")).toMatchObject({
      stdout: expect.stringContaining("LEFT BEHIND SINCE"),
    });
    expect(await bucket.maand("status", "--exit-code")).toMatchObject({
      code: 4,
      stdout: expect.stringMatching(new RegExp(`left behind  ${third} for \\S+.*, by 1 deploy: `)),
    });

    // metrics that promtool accepts, without a temporary file next to them
    const files = ["status.prom", "drift.prom"];
    expect(await bucket.maand("status", "--prometheus", "status.prom")).toMatchObject({ code: 0 });
    expect(await bucket.maand("drift", "--prometheus", "drift.prom")).toMatchObject({ code: 1 });
    for (const file of files) checkMetrics(join(bucket.root, file));
    const [ofStatus = "", ofDrift = ""] = files.map((file) => readFileSync(join(bucket.root, file), "utf8"));
    expect(ofStatus).toContain('maand_pending_changes{job="api"} 1\n');
    expect(ofStatus).toMatch(new RegExp(`maand_worker_left_behind_seconds\\{worker="${third}"\\} \\d+\n`));
    expect(ofStatus).toMatch(/maand_certificate_expiry_timestamp_seconds\{job="",worker="",certificate="ca"\} \d+\n/);
    expect(ofDrift).toContain(`maand_worker_inspected{worker="${third}"} 0\n`);
    expect(ofDrift).toContain(`maand_worker_drifted{worker="${first}"} 0\n`);
    expect(readdirSync(bucket.root).filter((name) => /\.prom\./.test(name))).toEqual([]);
    const nowhere = await bucket.maand("status", "--prometheus", "none/status.prom");
    expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining("none/status.prom") });

    // the next deploy catches up
    await workers[2]?.start();
    expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
    expect(await bucket.json("status")).toMatchObject({ left_behind: [], pending: [] });
    expect((await lifecycles("api")).map((ran) => begun(ran).length)).toEqual([2, 2, 2]);
    expect((await bucket.json<{ verdict: string }[]>("releases", "api"))[0]?.verdict).toBe("good");

    await adopts(fixture);
  }));

/** Copies a file from a worker into the workspace. */
async function adopts({ bucket, workers, directory, hosts }: FleetBucket): Promise<void> {
  const file = join(bucket.root, "workspace/jobs/api/app.conf");
  const put = (at: number, text: string) =>
    workers[at]?.run(["sh", "-c", 'printf "$2" > "$1/app.conf"', "sh", directory("api"), text]);
  expect(await bucket.maand("drift", "adopt", "api", "app.conf")).toMatchObject({ code: 2 });
  await put(0, "by hand \\001\\n");
  await put(1, "otherwise\\n");
  const several = await bucket.maand("drift", "adopt", "api", "app.conf");
  expect(several).toMatchObject({ code: 2, stderr: expect.stringContaining("it differs in several ways") });
  bucket.write("workspace/jobs/api/app.conf", "edited\n");
  const one = ["drift", "adopt", "api", "app.conf", "--worker", hosts[0] ?? ""];
  const edited = await bucket.maand(...one);
  expect(edited).toMatchObject({ code: 2, stderr: expect.stringContaining("its edits would be lost") });
  expect(readFileSync(file, "utf8")).toBe("edited\n");
  expect(await bucket.maand(...one, "--force")).toMatchObject({ code: 0 });
  expect(readFileSync(file, "latin1")).toBe("by hand \u0001\n");
  for (const path of ["../worker.json", "data/x", "app.conf.tpl", "/etc/passwd"])
    expect(await bucket.maand("drift", "adopt", "api", path), path).toMatchObject({ code: 2 });
  expect(existsSync(join(bucket.root, "workspace/jobs/worker.json"))).toBe(false);
  expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
  expect(await bucket.maand("drift", "--exit-code")).toMatchObject({ code: 0 });
}
