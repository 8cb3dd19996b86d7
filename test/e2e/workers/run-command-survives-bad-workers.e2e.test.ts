import { expect, it } from "vitest";
import { withFleetBucket } from "../../support/bucket/fleet-bucket.ts";

interface Result {
  readonly worker_ip: string;
  readonly job: null;
  readonly exit: number | null;
  readonly outcome: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly duration_ms: number;
}

const summary = (results: readonly Result[]) => results.map(({ outcome, exit }) => `${outcome} ${exit}`);

it("run_command runs a script in the bucket's directory, as root, and prints each worker's output", () =>
  withFleetBucket({ count: 2 }, async ({ bucket, workers, hosts, directory }) => {
    await bucket.maand("build");
    const early = await bucket.json<Result[]>("run_command", "pwd", "-w", hosts[0] ?? "");
    expect(early[0]?.stdout).toMatch(/^\/(home|root)/);
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    await bucket.maand("deploy", "--build");

    bucket.write(
      "workspace/command.sh",
      '#!/bin/bash\n# the last command counts\nfalse\necho "$WORKER_IP in $(basename "$PWD") of $BUCKET_ID"\nid -un\ncat\n',
    );
    const { bucket_id: id } = await bucket.json<{ bucket_id: string }>("info");
    expect(await bucket.json<Result[]>("run-command", "-c", "2")).toMatchObject(
      hosts.map((host) => ({
        worker_ip: host,
        job: null,
        exit: 0,
        outcome: "ok",
        stdout: `${host} in ${id} of ${id}\nroot\n`,
        stderr: "",
      })),
    );
    const result = await bucket.maand("run_command", "uptime >&2; exit 5");
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toContain(`${hosts[0]} ! `);
    expect(result.stderr).toContain(`failed ${hosts[0]}: exit code 5`);
    expect(result.stderr).toContain(`skipped ${hosts[1]}: an earlier batch failed`);
    expect(workers[0]?.exists(directory("api"))).toBe(true);
  }));

it("run_command ends in bounded time with an unreachable, stopped or hanging worker, and reports each worker", () =>
  withFleetBucket({ count: 4 }, async ({ bucket, fleet, workers, hosts }) => {
    bucket.write("maand.conf", `${fleet.conf}timeouts.command = 2\ntimeouts.connect = 2\n`);
    await bucket.maand("build");
    const began = performance.now();
    await workers[0]?.stop();
    workers[1]?.freeze();
    const script = `test "$WORKER_IP" != ${hosts[2]} || sleep 300; echo fine`;
    const results = await bucket.json<Result[]>("run_command", script, "-c", "4");
    workers[1]?.thaw();
    const result = await bucket.maand("run_command", "true", "-w", hosts[0] ?? "");
    expect(result.stderr).toMatch(/hint: check that sshd is running there/);
    expect(summary(results)).toEqual(["unreachable null", "unreachable null", "timed_out null", "ok 0"]);
    expect(performance.now() - began).toBeLessThan(20_000);
    await expect.poll(() => workers[2]?.processesWith("sleep 300")).toEqual([]);
  }));

it("run_command fails if the command closes its own connection, unless that is allowed", () =>
  withFleetBucket({ count: 2 }, async ({ bucket, hosts }) => {
    await bucket.maand("build");
    const cut =
      "echo before; sleep 0.2; for p in $(pgrep -x sshd); do grep -qa listener /proc/$p/cmdline || kill -9 $p; done; sleep 60";
    const refused = await bucket.json<Result[]>("run_command", cut);
    expect(summary(refused)).toEqual(["disconnected null", "skipped null"]);
    expect(refused[0]?.stdout).toBe("before\n");
    const allowed = await bucket.maand("run_command", cut, "--allow-disconnect");
    expect(allowed).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`warning: ${hosts[1]}: the connection closed`),
    });
  }));

it("run_command handles a megabyte without a newline, binary data, and a background child", () =>
  withFleetBucket({ count: 1 }, async ({ bucket }) => {
    await bucket.maand("build");
    const [long] = await bucket.json<Result[]>("run_command", "head -c 1000000 /dev/zero | tr '\\0' x");
    expect(long).toMatchObject({ outcome: "ok", stdout: "x".repeat(1_000_000) });
    const [binary] = await bucket.json<Result[]>("run_command", "head -c 100000 /dev/urandom");
    expect(binary).toMatchObject({ outcome: "ok" });
    const [left] = await bucket.json<Result[]>("run_command", "sleep 30 & echo gone");
    expect(left).toMatchObject({ outcome: "ok", stdout: "gone\n" });
    expect(left?.duration_ms).toBeLessThan(10_000);
  }));

it("run_command prints identical output of several workers once", () =>
  withFleetBucket({ count: 5 }, async ({ bucket, hosts }) => {
    await bucket.maand("build");
    const result = await bucket.maand(
      "run_command",
      `test "$WORKER_IP" = ${hosts[3]} && echo odd || echo same`,
      "-c",
      "5",
    );
    expect(result).toMatchObject({ code: 0 });
    const same = hosts.filter((_, at) => at !== 3).join(", ");
    expect(result.stdout).toBe(`4 workers: ${same}\n  | same\n1 worker: ${hosts[3]}\n  | odd\n`);
    expect(result.stderr).toContain(`5 workers, all at once: ${hosts.join(", ")}`);
  }));
