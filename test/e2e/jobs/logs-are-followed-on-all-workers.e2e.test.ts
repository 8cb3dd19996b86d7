import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { onFleet } from "../../support/bucket/fleet-bucket.ts";
import { MAAND } from "../../support/bucket/maand.ts";
import { until } from "../../support/fleet/until.ts";
import { useFleet } from "../../support/fleet/use-fleet.ts";
import { storeEnvironment } from "../../support/postgres/test-store.ts";

const used = useFleet(2);

/** Starts `maand logs follow`, and collects its output. */
function follow(cwd: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, [MAAND, "logs", "follow", ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? "", HOME: cwd, LANG: "C.UTF-8", ...storeEnvironment() },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const printed = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    printed.stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, printed, ended, shows: (text: string) => until(text, () => printed.stdout.includes(text)) };
}

const MAKEFILE = `start restart:
\t@mkdir -p logs && echo "line of $(WORKER_IP)" > logs/api.log
stop:
\t@:
logs:
\t@tail -n $(LOGS_TAIL) -F logs/api.log 2>/dev/null
`;

describe("maand logs follow", () => {
  it("merges the lines of all workers, masks secrets and control characters, and stops everything on Ctrl-C", () =>
    onFleet(used.fleet(), async ({ bucket, workers, hosts, directory }) => {
      bucket.job("api", { version: "1.0.0", selectors: ["worker"] }, { Makefile: MAKEFILE });
      bucket.write("token", "quite-secret-token");
      await bucket.maand("build");
      await bucket.maand("secret", "set", "token", "--job", "api", "--file", "token");
      expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
      const followed = follow(bucket.root, "api");
      for (const host of hosts) await followed.shows(`${host} | line of ${host}\n`);
      const file = `${directory("api")}/logs/api.log`;
      await workers[1]?.run(["sh", "-c", `printf 'token quite-secret-token \\033[31mred\\n' >> ${file}`]);
      await followed.shows(`${hosts[1]} | token `);
      expect(followed.printed.stdout).not.toContain("quite-secret-token");
      expect(followed.printed.stdout).not.toContain("\u001b");
      expect(workers.map((worker) => worker.processesWith("logs/api.log").length > 0)).toEqual([true, true]);
      followed.child.kill("SIGINT");
      expect(await followed.ended).toBe(130);
      for (const worker of workers) await until("its end", () => worker.processesWith("logs/api.log").length === 0);
      expect(followed.printed.stdout).not.toContain("Terminated");
      const { stdout } = await bucket.maand("logs", "show");
      expect(stdout).not.toContain("line of"); // followed lines are not recorded
    }));

  it("reports a lost worker, stops its command, and reconnects, also with JSON output", () =>
    onFleet(used.fleet(), async ({ bucket, workers, hosts, directory }) => {
      const [worker] = workers;
      bucket.job(
        "api",
        { version: "1.0.0", selectors: ["worker"], logs: ["tail", "-n", "1", "-F", "logs/api.log"] },
        { Makefile: MAKEFILE },
      );
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
      const followed = follow(bucket.root, "api", "--json");
      for (const host of hosts) await followed.shows(`"line":"line of ${host}"`);
      const [before] = worker?.processesWith("logs/api.log") ?? [];
      await worker?.dropConnections();
      await followed.shows('"event":"lost"');
      await followed.shows('"event":"reconnected"');
      await until("the end of the earlier command", () => !worker?.processesWith("tail").includes(before ?? 0));
      await worker?.run(["sh", "-c", `echo after >> ${directory("api")}/logs/api.log`]);
      await followed.shows('"line":"after"');
      const records = followed.printed.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(records).toContainEqual({
        time: expect.stringMatching(/^\d{4}-/),
        job: "api",
        worker_ip: hosts[0],
        event: "reconnected",
        message: null,
      });
      expect(records.filter(({ event }) => event === "lost").map(({ worker_ip }) => worker_ip)).toEqual([hosts[0]]);
      followed.child.kill("SIGINT");
      expect(await followed.ended).toBe(130);
    }));

  it("blocks the job's command while its own output is not read", () =>
    onFleet(used.fleet(), async ({ bucket, workers, hosts, directory }) => {
      const [worker] = workers;
      const count = `python3 -u -c 'import sys\nn = 0\nwhile True:\n  sys.stdout.write("x" * 1000 + "\\n"); n += 1\n  if n % 100 == 0: open("logs/count", "w").write(str(n))'`;
      bucket.job("api", { version: "1.0.0", selectors: ["worker"], logs: ["sh", "-c", count] }, { Makefile: MAKEFILE });
      expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
      const child = spawn(process.execPath, [MAAND, "logs", "follow", "api", "-w", hosts[0] ?? ""], {
        cwd: bucket.root,
        stdio: ["ignore", "pipe", "ignore"],
      });
      onTestFinished(() => void child.kill("SIGKILL"));
      const file = `${directory("api")}/logs/count`;
      const written = async () => (worker?.exists(file) ? Number(await worker.read(file)) : 0);
      let [earlier, since] = [0, performance.now()];
      await until("the output to stop", async () => {
        const now = await written();
        if (now === 0 || now !== earlier) [earlier, since] = [now, performance.now()];
        return performance.now() - since > 1_000;
      });
      const kb = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]);
      expect(earlier).toBeLessThan(30_000); // a line has 1 kB: the connection buffers less than 30 MB
      expect(kb).toBeLessThan(300_000);
      child.stdout.resume();
      await until("the command to continue", async () => (await written()) > earlier);
      child.stdout.destroy(); // closes the pipe as head does
      await until("its end", () => child.exitCode !== null || child.signalCode !== null);
      await until("the end on the worker", () => worker?.processesWith("logs/count").length === 0);
    }));

  it("reports a missing target, missing files, a missing worker and a missing job", () =>
    onFleet(used.fleet(), async ({ bucket, hosts }) => {
      const Makefile = MAKEFILE.replace(/logs:\n.*\n/, "");
      bucket.job("api", { version: "1.0.0", selectors: ["worker"] }, { Makefile });
      bucket.job("none", { version: "1.0.0", selectors: ["nowhere"] });
      await bucket.maand("build");
      const early = await bucket.maand("logs", "follow", "api");
      expect(early.code).toBe(1);
      expect(early.stderr).toContain(`failed ${hosts[0]}: the files of api do not exist on this worker`);
      await bucket.maand("deploy");
      const { code, stderr } = await bucket.maand("logs", "follow", "api");
      expect(code).toBe(1);
      expect(stderr).toContain(`failed ${hosts[1]}: the Makefile of api has no target logs`);
      expect(stderr.split("hint: add a target logs").length).toBe(2); // printed once for both workers
      expect(await bucket.maand("logs", "follow", "apy")).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('did you mean "api"'),
      });
      expect(await bucket.maand("logs", "follow", "none")).toMatchObject({ code: 2 });
      expect(await bucket.maand("logs", "follow", "api", "--tail", "x")).toMatchObject({ code: 2 });
      bucket.disable({ workers: hosts });
      await bucket.maand("deploy", "--build");
      expect((await bucket.maand("logs", "follow", "api")).stderr).toContain("is active on none of these workers");
    }));
});
