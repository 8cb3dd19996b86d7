import { expect, it } from "vitest";
import { withFleetBucket } from "../../support/bucket/fleet-bucket.ts";

it("a first deploy with use_sudo syncs files with the right modes, and starts every allocation", () =>
  withFleetBucket({ count: 3 }, async ({ bucket, workers, hosts, directory, lifecycle, rollouts }) => {
    bucket.job(
      "api",
      { version: "1.0.0", selectors: ["worker"] },
      { "conf/a b.conf": "blank in its name\n", "_modules/hook.py": "stays here\n" },
    );
    bucket.write("workspace/jobs/api/bin.sh", "#!/bin/sh\n", 0o755);
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    for (const worker of workers) {
      expect(await lifecycle("api", worker)).toEqual(["start 0.0.0 1.0.0"]);
      expect(await worker.list(directory("api"), { recursive: true })).toEqual([
        "Makefile",
        "bin.sh",
        "certs",
        "certs/ca.crt",
        "conf",
        "conf/a b.conf",
        "data",
        "data/lifecycle",
        "manifest.json",
      ]);
      expect(await worker.mode(`${directory("api")}/bin.sh`)).toBe(0o755);
      expect(await worker.mode(`${directory("api")}/Makefile`)).toBe(0o644);
      const printed = JSON.parse(await worker.read(`${directory("api")}/../../worker.json`));
      expect(printed).toMatchObject({ worker_ip: worker.host, update_seq: 1, labels: ["worker"] });
      expect(worker.connections()).toBe(1);
    }
    expect(await rollouts()).toEqual(Object.fromEntries(hosts.map((host) => [`api@${host}`, "promoted"])));
  }));

it("a first deploy works as root without sudo", () =>
  withFleetBucket({ count: 1, sudo: false }, async ({ bucket, workers, lifecycle }) => {
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    for (const worker of workers) expect(await lifecycle("api", worker)).toEqual(["start 0.0.0 1.0.0"]);
  }));

it("an upgrade over ssh restarts a job, or reloads it with the restart policy reload", () =>
  withFleetBucket({ count: 1 }, async ({ bucket, workers: [worker], lifecycle }) => {
    if (!worker) throw new Error("no worker");
    const policies = { "1.0.0": "always", "2.0.0": "always", "3.0.0": "reload" };
    for (const [version, restart_policy] of Object.entries(policies)) {
      bucket.job("api", { version, selectors: ["worker"], restart_policy });
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    }
    expect(await lifecycle("api", worker)).toEqual(["start 0.0.0 1.0.0", "restart 1.0.0 2.0.0", "reload 2.0.0 3.0.0"]);
  }));
