import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CAREFUL_MAKEFILE } from "../../support/bucket/careful-makefile.ts";
import { type FleetBucket, onFleet } from "../../support/bucket/fleet-bucket.ts";
import { type Fleet, startFleet } from "../../support/fleet/index.ts";

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({ count: 2 });
});

afterAll(() => fleet.close());

interface DriftRecord {
  readonly drifted: boolean;
  readonly pending: boolean;
  readonly workers: readonly {
    readonly worker_ip: string;
    readonly state: string;
    readonly lost: boolean;
    readonly metadata: readonly { readonly path: string; readonly change: string }[];
    readonly jobs: readonly {
      readonly job: string;
      readonly state: string;
      readonly gone: boolean;
      readonly repairs: number;
      readonly files: readonly { readonly path: string; readonly change: string; readonly diff: string | null }[];
    }[];
  }[];
}

/** Deploys a job to two workers. The job creates a file in each place where it is allowed to. */
async function deployed({ bucket, workers, directory }: FleetBucket): Promise<void> {
  bucket.job(
    "api",
    {
      version: "1.0.0",
      selectors: ["worker"],
      keep: ["*.pid", "run/"],
      files: { "conf/private.conf": { mode: "0600" } },
    },
    {
      Makefile: `${CAREFUL_MAKEFILE}\nstatus:\n\t@test ! -e data/down\n`,
      "conf/app.conf": "port = 1\n",
      "conf/private.conf": "token = 1\n",
      "assets/logo.bin": Buffer.from([0, 255, 10, 13]).toString("latin1"),
    },
  );
  expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
  const own = `cd "$1" && mkdir -p run logs && echo own | tee data/own logs/own app.pid run/sock conf/app.pid > /dev/null`;
  for (const worker of workers) await worker.run(["sh", "-c", own, "sh", directory("api")]);
}

const OWN = ["data/own", "logs/own", "app.pid", "run/sock", "conf/app.pid"];

/** Edits on a worker: a name, a script that runs in the job's directory, and the expected lines in the output of drift. */
const EDITS: readonly (readonly [string, string, readonly string[]])[] = [
  ["a changed file", "echo 'port = 2' > conf/app.conf", ["changed conf/app.conf"]],
  [
    "a changed file with the old size and time",
    "touch -r conf/app.conf ../ref; printf 'port = 3\\n' > conf/app.conf; touch -r ../ref conf/app.conf; rm ../ref",
    ["changed conf/app.conf"],
  ],
  ["a deleted file", "rm conf/app.conf", ["missing conf/app.conf"]],
  [
    "added files",
    "echo x > conf/extra.conf; mkdir -p by-hand/deep; echo x > by-hand/deep/file",
    ["added by-hand/deep/file", "added conf/extra.conf"],
  ],
  [
    "another mode",
    "chmod 0666 conf/private.conf; chmod 0755 conf/app.conf",
    ["mode conf/app.conf", "mode conf/private.conf"],
  ],
  [
    "a link in place of a file",
    "mv conf/app.conf ../moved; ln -s ../../moved conf/app.conf",
    ["replaced conf/app.conf"],
  ],
  ["a link in place of a directory", "mv assets ../moved-assets; ln -s ../moved-assets assets", ["replaced assets"]],
  ["a directory in place of a file", "rm conf/app.conf; mkdir -p conf/app.conf/deep", ["replaced conf/app.conf"]],
  ["no Makefile", "rm Makefile", ["missing Makefile"]],
];

it.concurrent("drift finds each kind of edit on a worker, and deploy --verify repairs it without deleting files that the job created", () =>
  onFleet(fleet, async (fixture) => {
    await deployed(fixture);
    const { bucket, workers, directory, hosts, home, lifecycle } = fixture;
    const [worker] = workers;
    if (!worker) throw new Error("there is no worker");
    const look = async (...args: readonly string[]) => {
      const { code, stdout } = await bucket.maand("drift", "--exit-code", "--json", ...args);
      const record: DriftRecord = JSON.parse(stdout);
      return { code, record, first: record.workers.find(({ worker_ip }) => worker_ip === hosts[0]) };
    };
    const clean = await look();
    expect(clean).toMatchObject({ code: 0, record: { drifted: false, pending: false } });
    const files = `cd "$1" && find . -not -path './data/lifecycle' -not -path './data/alone' \\( -type f -o -type l \\) -printf '%p %m %y ' -exec md5sum {} \\; | sort`;
    const tree = async () => (await worker.run(["sh", "-c", files, "sh", directory("api")])).stdout;
    const before = await tree();
    for (const [name, script, found] of EDITS) {
      await worker.run(["sh", "-c", `cd "$1" && ${script}`, "sh", directory("api")]);
      const { code, record, first } = await look();
      const named = first?.jobs[0]?.files.map(({ change, path }) => `${change} ${path}`);
      expect({ name, code, named }).toEqual({ name, code: 7, named: found });
      expect(record.workers.filter(({ state }) => state === "drifted").length).toBe(1);
      const ran = (await lifecycle("api", worker)).length;
      expect(await bucket.maand("deploy", "--verify"), name).toMatchObject({ code: 0 });
      expect(await tree(), name).toBe(before);
      expect((await lifecycle("api", worker)).slice(ran)).toEqual(["restart 1.0.0 1.0.0", "end restart"]);
    }
    for (const path of OWN) expect(await worker.read(`${directory("api")}/${path}`)).toBe("own\n");
    // the target of a link is not changed
    expect(await worker.read(`${home}/jobs/moved`)).toBe("port = 1\n");
    expect(worker.exists(`${home}/jobs/moved-assets/logo.bin`)).toBe(true);

    // a deploy repairs metadata and the runner without a restart
    const ran = (await lifecycle("api", worker)).length;
    await worker.run(["sh", "-c", 'cd "$1" && echo "{}" > jobs.json && echo "# edited" >> bin/runner.py', "sh", home]);
    const edited = await look();
    expect(edited.code).toBe(7);
    expect(edited.first?.metadata.map(({ path }) => path)).toEqual(["bin/runner.py", "jobs.json"]);
    expect(await bucket.maand("deploy", "--verify")).toMatchObject({ code: 0 });
    expect(await look()).toMatchObject({ code: 0 });
    expect((await lifecycle("api", worker)).length).toBe(ran);

    // a deploy can repair files without a restart, and reports repeated repairs
    for (const time of [1, 2, 3]) {
      await worker.run(["sh", "-c", 'echo edited > "$1"', "sh", `${directory("api")}/conf/app.conf`]);
      const repaired = await bucket.maand("deploy", "--verify", "--repair", "sync");
      expect(repaired).toMatchObject({ code: 0 });
      if (time > 1) expect(repaired.stderr).toContain(`was repaired ${time} times in the same way since`);
    }
    await worker.run(["sh", "-c", 'echo edited > "$1"', "sh", `${directory("api")}/conf/app.conf`]);
    const planned = await bucket.maand("deploy", "--verify", "--dry-run");
    expect(planned.stdout).toMatch(/api on \S+ was repaired 3 times .*, and differs again: .*conf\/app.conf/);
    const left = await bucket.maand("deploy", "--verify", "--repair", "sync");
    expect(left).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("maand deploy --verify --repair-again --jobs api"),
    });
    expect(await worker.read(`${directory("api")}/conf/app.conf`)).toBe("edited\n");
    const again = await bucket.maand("deploy", "--verify", "--repair", "sync", "--repair-again");
    expect(again).toMatchObject({ code: 0 });
    expect((await lifecycle("api", worker)).length).toBe(ran);
    expect(await tree()).toBe(before);

    // deletes the job's directory, and then everything
    await worker.run(["rm", "-rf", directory("api")]);
    expect((await look()).first?.jobs[0]).toMatchObject({ state: "drifted", gone: true });
    expect(await bucket.maand("deploy", "--verify")).toMatchObject({ code: 0 });
    await worker.run(["rm", "-rf", home]);
    expect((await look()).first).toMatchObject({ state: "drifted", lost: true });
    expect(await bucket.maand("deploy", "--verify")).toMatchObject({ code: 0 });
    expect(await lifecycle("api", worker)).toEqual(["start 1.0.0 1.0.0", "end start"]);
    expect(await look()).toMatchObject({ code: 0 });
  }));

it.concurrent("drift lists pending changes separately, runs status on request, and changes nothing", () =>
  onFleet(fleet, async (fixture) => {
    await deployed(fixture);
    const { bucket, workers, directory, hosts } = fixture;
    const [worker] = workers;
    bucket.write("workspace/jobs/api/conf/app.conf", "port = 9\n");
    expect(await bucket.maand("build")).toMatchObject({ code: 0 });
    const pending = await bucket.maand("drift", "--exit-code");
    expect(pending).toMatchObject({ code: 4, stdout: expect.stringContaining("2 pending changes") });
    await worker?.run(["sh", "-c", 'cd "$1"; echo secret > conf/app.conf; touch data/down', "sh", directory("api")]);
    const store = () =>
      createHash("sha256")
        .update(readFileSync(join(bucket.root, "data/maand.db")))
        .digest("hex");
    const before = store();
    const both = await bucket.maand("drift", "--exit-code", "--diff", "--status");
    expect(both.code).toBe(7);
    expect(both.stdout).toContain(`api: changed conf/app.conf on ${hosts[0]}`);
    expect(both.stdout).toContain("    -port = 1\n    +secret\n");
    expect(both.stdout).toMatch(/api: make status failed: .* on/);
    expect(store()).toBe(before);
    // a deploy without --verify does not check for drift, so its plan is the same as before
    const plan = await bucket.maand("deploy", "--dry-run", "--verify");
    expect(plan.stdout).toContain("differs on its worker: changed conf/app.conf");
    expect(await bucket.maand("drift", "--workers", "label:nope")).toMatchObject({ code: 2 });
    expect(await bucket.maand("drift", "--jobs", "apo")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("did you mean"),
    });
  }));
