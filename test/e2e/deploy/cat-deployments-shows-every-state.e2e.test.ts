import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { localJob, RECORDING_MAKEFILE, type Scratch, scratch } from "../../support/bucket/scratch.ts";
import { until } from "../../support/fleet/until.ts";

const HOST = "127.0.0.11";
const OTHER = "127.0.0.12";

let bucket: Scratch;

beforeEach(async () => {
  bucket = await scratch('transport = "local"\n');
  bucket.workers({ host: HOST }, { host: OTHER });
  api("1.0.0");
  await ok("deploy", "--build");
});

afterEach(() => bucket.dispose());

function api(version: string, more: Readonly<Record<string, unknown>> = {}, makefile = RECORDING_MAKEFILE): void {
  bucket.job("api", { version, selectors: ["worker"], ...more }, { Makefile: makefile });
}

async function ok(...args: readonly string[]): Promise<void> {
  expect(await bucket.maand(...args)).toMatchObject({ code: 0 });
}

async function fails(...args: readonly string[]): Promise<void> {
  expect(await bucket.maand(...args)).toMatchObject({ code: 1 });
}

function drain(): void {
  bucket.disable({ jobs: { api: { allocations: [HOST] } } });
}

interface Row {
  readonly job: string;
  readonly worker_ip: string;
  readonly rollout: string;
  readonly in_doubt: boolean;
  readonly current_version: string;
  readonly new_version: string;
  readonly current_hash: string | null;
  readonly previous_hash: string | null;
}

async function row(job = "api"): Promise<Row | undefined> {
  const rows = await bucket.json<Row[]>("cat", "deployments");
  return rows.find((one) => one.job === job && one.worker_ip === HOST);
}

describe("maand cat deployments", () => {
  it.each<[string, string, () => Promise<void>]>([
    ["promoted", "after its deploy", async () => undefined],
    [
      "new",
      "before its first deploy",
      async () => {
        bucket.workers({ host: OTHER });
        await ok("deploy", "--build");
        await ok("gc");
        bucket.workers({ host: HOST }, { host: OTHER });
        await ok("build");
      },
    ],
    [
      "restart",
      "after a build with changed files",
      async () => {
        bucket.write("workspace/jobs/api/new.conf", "x\n");
        await ok("build");
      },
    ],
    [
      "restart",
      "after a build with another version",
      async () => {
        api("2.0.0");
        await ok("build");
      },
    ],
    [
      "restart",
      "after a failed restart",
      async () => {
        writeFileSync(join(localJob(bucket, HOST, "api") ?? "", "data/fail-restart"), "");
        api("2.0.0");
        await fails("deploy", "--build");
      },
    ],
    [
      "health_failed",
      "after a failed health check",
      async () => {
        const unhealthy = join(bucket.root, "sick");
        writeFileSync(unhealthy, "");
        const checks = [{ type: "ssh", command: `test ! -e ${unhealthy}` }];
        api("2.0.0", { health_check: { checks, wait: { attempts: 1, interval_seconds: 0.1 } } });
        await fails("deploy", "--build");
      },
    ],
    [
      "disabled",
      "while its stop for maintenance is pending",
      async () => {
        drain();
        await ok("build");
      },
    ],
    [
      "disabled",
      "after its stop for maintenance",
      async () => {
        drain();
        await ok("deploy", "--build");
      },
    ],
    [
      "disabled_restart",
      "after a change during maintenance",
      async () => {
        drain();
        await ok("deploy", "--build");
        api("2.0.0");
        await ok("build");
      },
    ],
    [
      "disabled",
      "after a deploy during maintenance",
      async () => {
        drain();
        await ok("deploy", "--build");
        api("2.0.0");
        await ok("deploy", "--build");
      },
    ],
    [
      "stopped",
      "after the end of maintenance",
      async () => {
        drain();
        await ok("deploy", "--build");
        bucket.disable({});
        await ok("build");
      },
    ],
    [
      "removed",
      "after its removal from the workspace",
      async () => {
        bucket.workers({ host: OTHER });
        await ok("build");
      },
    ],
    [
      "removed",
      "after its removal from the worker, until gc",
      async () => {
        bucket.workers({ host: OTHER });
        await ok("deploy", "--build");
      },
    ],
  ])("shows %s %s", async (state, _, reach) => {
    await reach();
    expect(await row()).toMatchObject({ rollout: state, in_doubt: false });
  });

  it("shows in_doubt for an allocation after the run that restarted it was killed", async () => {
    const [begun, go] = [join(bucket.root, "begun"), join(bucket.root, "go")];
    api("2.0.0", {}, `start stop restart:\n\t@touch ${begun}; until test -e ${go}; do sleep 0.02; done\n`);
    await ok("build");
    const running = bucket.start(["deploy"]);
    await until("make begins", () => existsSync(begun));
    running.kill("SIGKILL");
    await running.ended;
    expect(await row()).toMatchObject({
      rollout: "in_doubt",
      in_doubt: true,
      current_version: "1.0.0",
      new_version: "2.0.0",
    });
    const { stdout } = await bucket.maand("deploy", "--dry-run");
    expect(stdout).toMatch(new RegExp(`${HOST} +restart +in doubt: the result of its restart in run \\d+ is unknown`));
    writeFileSync(go, "");
    await ok("deploy");
    expect(await row()).toMatchObject({ rollout: "promoted", in_doubt: false, current_version: "2.0.0" });
  });

  it("does not show an allocation that gc has deleted", async () => {
    bucket.workers({ host: OTHER });
    await ok("deploy", "--build");
    await ok("gc");
    expect(await row()).toBeUndefined();
  });
});
