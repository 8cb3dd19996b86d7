import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FleetBucket, onFleet } from "../../support/bucket/fleet-bucket.ts";
import { ran, writeJob } from "../../support/bucket/recording-job.ts";
import { RECORDING_MAKEFILE, type Scratch } from "../../support/bucket/scratch.ts";
import { type Fleet, startFleet } from "../../support/fleet/index.ts";

/** Tests plans that one process makes and another process applies, on real workers. */
let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({ count: 2 });
});

afterAll(() => fleet.close());

/** Each test runs the complete program a dozen times. */
interface Row {
  readonly worker_ip: string;
  readonly action: string;
  readonly made_by_build?: readonly string[];
}

interface Plan {
  readonly required: boolean;
  readonly waves: readonly {
    readonly jobs: readonly { readonly job: string; readonly allocations: readonly Row[] }[];
  }[];
}

function plain({ bucket }: FleetBucket, version: string, more: Readonly<Record<string, unknown>> = {}): void {
  const files = { Makefile: RECORDING_MAKEFILE, "color.conf.tpl": '{{ get "vars/job/web" "color" }}\n' };
  bucket.job("web", { version, selectors: ["worker"], ...more }, files);
  bucket.write("workspace/jobs/web/vars.toml", 'color = "red"\n');
}

/** The actions of a plan by `job@worker`, except for unchanged allocations. */
function actionsIn(bucket: Scratch, file: string): Record<string, string> {
  const plan: Plan = JSON.parse(bucket.read(file));
  const rows = plan.waves.flatMap(({ jobs }) =>
    jobs.flatMap(({ job, allocations }) =>
      allocations.map((row): [string, string] => [`${job}@${row.worker_ip}`, row.action]),
    ),
  );
  return Object.fromEntries(rows.filter(([, action]) => action !== "skip"));
}

/** The digests of all files of a bucket. */
function digests(root: string): Record<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path, createHash("sha256").update(readFileSync(path)).digest("hex")];
    }),
  );
}

describe.concurrent("a saved plan", () => {
  it("is applied exactly once by another process, without edits made after it was saved", () =>
    onFleet(fleet, async (fixture) => {
      const { bucket, hosts, lifecycles } = fixture;
      plain(fixture, "1.0.0");
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
      plain(fixture, "2.0.0");
      await bucket.maand("build");
      expect(await bucket.maand("plan", "--out", "plan.json")).toMatchObject({ code: 0 });
      expect(actionsIn(bucket, "plan.json")).toEqual(
        Object.fromEntries(hosts.map((host) => [`web@${host}`, "restart"])),
      );
      bucket.job("late", { selectors: ["worker"] }, { Makefile: RECORDING_MAKEFILE });

      expect(await bucket.maand("deploy", "--plan", "plan.json")).toMatchObject({ code: 0 });
      expect(await lifecycles("web")).toEqual(hosts.map(() => ["start 0.0.0 1.0.0", "restart 1.0.0 2.0.0"]));
      expect(await lifecycles("late")).toEqual(hosts.map(() => []));

      const again = await bucket.maand("deploy", "--plan", "plan.json");
      expect(again).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("the plan was already carried out by run 2"),
      });
      expect((await bucket.maand("plan", "--exit-code")).code).toBe(0);
    }));

  it("is refused with exit code 5 if a KV value that it used has changed, and the next plan works", () =>
    onFleet(fleet, async (fixture) => {
      const { bucket, hosts, lifecycles, directory, workers } = fixture;
      plain(fixture, "1.0.0");
      await bucket.maand("build");
      await bucket.maand("plan", "--out", "plan.json");
      bucket.write("workspace/jobs/web/vars.toml", 'color = "blue"\n');
      await bucket.maand("build");

      const refused = await bucket.maand("deploy", "--plan", "plan.json");
      expect(refused.code).toBe(5);
      expect(refused.stderr).toContain("KV vars/job/web color: changed");
      expect(workers.map((worker) => worker.exists(directory("web")))).toEqual(hosts.map(() => false));

      await bucket.maand("plan", "--out", "plan.json");
      expect(await bucket.maand("deploy", "--plan", "plan.json")).toMatchObject({ code: 0 });
      expect(await lifecycles("web")).toEqual(hosts.map(() => ["start 0.0.0 1.0.0"]));
      expect(await Promise.all(workers.map((worker) => worker.read(`${directory("web")}/color.conf`)))).toEqual(
        hosts.map(() => "blue\n"),
      );
    }));

  it("includes the effects of pre_deploy, and skips only the jobs for which these effects differ", () =>
    onFleet(fleet, async (fixture) => {
      const { bucket, hosts, lifecycles, directory, workers } = fixture;
      const files = { "turn.conf.tpl": '{{ get "vars/job/api" "turn" }}\n', Makefile: RECORDING_MAKEFILE };
      writeJob(bucket, "api", { events: ["pre_deploy"], body: 'put("turn", open(here + "/turn").read())', files });
      plain(fixture, "1.0.0");
      bucket.write("turn", "one");
      await bucket.maand("build");
      const undecided = await bucket.maand("plan");
      expect(undecided.stdout).toContain("these need pre_deploy first:");
      expect(await bucket.maand("plan", "--with-hooks", "--out", "plan.json")).toMatchObject({ code: 0 });
      expect(Object.keys(actionsIn(bucket, "plan.json")).length).toBe(4);
      ran(bucket);

      bucket.write("turn", "two");
      const other = await bucket.maand("deploy", "--plan", "plan.json");
      expect(other.code).toBe(1);
      expect(other.stderr).toContain("the plan of api differs from the saved plan");
      expect(await lifecycles("api")).toEqual(hosts.map(() => []));
      expect(await lifecycles("web")).toEqual(hosts.map(() => ["start 0.0.0 1.0.0"]));

      await bucket.maand("plan", "--with-hooks", "--out", "plan.json");
      expect(await bucket.maand("deploy", "--plan", "plan.json")).toMatchObject({ code: 0 });
      expect(await lifecycles("api")).toEqual(hosts.map(() => ["start 0.0.0 1.0.0"]));
      expect(await Promise.all(workers.map((worker) => worker.read(`${directory("api")}/turn.conf`)))).toEqual(
        hosts.map(() => "two\n"),
      );
    }));

  it("for an unbuilt workspace changes no byte of the bucket, and is applied after a build, with new certificates", () =>
    onFleet(fleet, async (fixture) => {
      const { bucket, hosts, lifecycles } = fixture;
      plain(fixture, "1.0.0");
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
      const elsewhere = `${bucket.root}-checkout`;
      cpSync(join(bucket.root, "workspace"), elsewhere, { recursive: true });
      plain(fixture, "2.0.0", { certs: { own: {} } });
      const before = digests(bucket.root);
      const out = `${bucket.root}-plan.json`;
      const planned = await bucket.maand("plan", "--build", "--out", out, "--format", "markdown");
      expect(planned).toMatchObject({ code: 0, stdout: expect.stringContaining("2 allocations of 1 job change") });
      expect((await bucket.maand("plan", "--build", "--workspace", elsewhere, "--exit-code")).code).toBe(0);
      expect(digests(bucket.root)).toEqual(before);
      const plan: Plan = JSON.parse(readFileSync(out, "utf8"));
      expect(plan.waves[0]?.jobs[0]?.allocations[0]?.made_by_build).toEqual(["certs/own.crt", "certs/own.key"]);

      expect((await bucket.maand("deploy", "--plan", out)).code).toBe(5);
      await bucket.maand("build");
      expect(await bucket.maand("deploy", "--plan", out)).toMatchObject({ code: 0 });
      expect(await lifecycles("web")).toEqual(hosts.map(() => ["start 0.0.0 1.0.0", "restart 1.0.0 2.0.0"]));
    }));
});
