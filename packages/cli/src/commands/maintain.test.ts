import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { initialised, typedIn } from "../run/typed.test.support.ts";

/** Workers on this machine; no test may reboot them. */
const [FIRST = "", SECOND = ""] = ["127.0.0.21", "127.0.0.22"];

const MAKEFILE = `start restart stop:
	@mkdir -p data
	@echo "$@ $(NEW_VERSION) $(DEPLOY_REASON)" >> data/ran
`;

let root: string;
let typed: ReturnType<typeof typedIn>;

function write(path: string, text: string): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** The targets of the job that have run on a worker so far. */
function ran(host: string): string[] {
  const home = join(root, "data/local", host);
  const [id = ""] = readdirSync(home);
  return readFileSync(join(home, id, "jobs/api/data/ran"), "utf8")
    .trimEnd()
    .split("\n");
}

beforeAll(async () => {
  root = await initialised('transport = "local"\n');
  typed = typedIn(root);
  write("workspace/workers.json", JSON.stringify([FIRST, SECOND].map((host) => ({ host, labels: ["web"] }))));
  write("workspace/jobs/api/Makefile", MAKEFILE);
  write("workspace/jobs/api/manifest.json", JSON.stringify({ version: "1.0.0", selectors: ["web"] }));
  expect(await typed("deploy", "--build")).toMatchObject({ code: 0 });
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("maand maintain", () => {
  it.each([
    [["maintain", "--reboot"], "no workers are selected"],
    [["maintain", "-l", "none", "--reboot"], 'no worker has the label "none"'],
    [["maintain", "-w", FIRST, "-l", "web", "--reboot"], "mutually exclusive"],
    [["maintain", "-w", FIRST], "there is nothing to do on the workers"],
    [["maintain", "-w", FIRST, "--run", " "], "the command of --run is empty"],
    [["maintain", "-w", FIRST, "--run", "apt-get -y upgrade && sudo reboot"], "reboots the machine"],
    [["maintain", "-w", FIRST, "--run", "poweroff"], "switches the machine off"],
    [["maintain", "-w", FIRST, "--keep-drained", "-c", "0"], "--concurrency must be"],
    [["maintain", "-w", FIRST, "--keep-drained", "--on-failure", "maybe"], '--on-failure does not accept "maybe"'],
    [["maintain", "-w", FIRST, "--keep-drained", "--timeout", "10"], '--timeout does not accept "10"'],
    [["maintain", "resume"], "no maintenance is in progress"],
    [["maintain", "abort"], "no maintenance is in progress"],
  ])("refuses %j, and stops nothing", async (args, message) => {
    const { code, err } = await typed(...args);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(message) });
    expect(ran(FIRST)).toEqual(["start 1.0.0 start"]);
    expect((await typed("maintain", "status")).out).toBe("no maintenance is in progress\n");
    expect((await typed("maintain", "status", "--json")).out).toBe("null\n");
  });

  it("prints its steps as they happen, and starts the jobs that it stopped", async () => {
    const { code, err } = await typed("maintain", "-w", FIRST, "--run", "echo patched; echo $DEBIAN_FRONTEND");
    expect(code).toBe(0);
    const steps = [
      `1 worker: ${FIRST}; each: drain, command, start; stops when a worker fails`,
      `${FIRST}: stopping its jobs`,
      `${FIRST}: running the command`,
      `${FIRST} | patched`,
      `${FIRST} | noninteractive`,
      `${FIRST}: starting its jobs`,
      `ok ${FIRST}: its jobs run again`,
      "maintenance done: 1 worker (1 done)",
    ];
    let at = -1;
    for (const step of steps) {
      const next = err.indexOf(step, at + 1);
      expect({ step, found: next > at, err }).toMatchObject({ found: true });
      at = next;
    }
    expect(ran(FIRST).slice(-2)).toEqual(["stop 1.0.0 maintenance", "start 1.0.0 maintenance"]);
  });
});

describe("maintenance in progress", () => {
  it("is shown by status with the next commands, by the tables and by a dry run", async () => {
    const { code, err } = await typed("maintain", "-l", "web", "--run", 'test "$WORKER" = none || exit 7');
    expect(code).toBe(1);
    expect(err).toContain(`set aside ${FIRST} (command): the command failed on ${FIRST} with exit code 7`);
    expect(err).toContain("no further worker is started: 0 of 2 workers done, 1 set aside, 1 waiting");
    expect(err).toContain("hint: maand maintain resume continues, maand maintain abort ends it");

    const { out } = await typed("maintain", "status");
    expect(out).toMatch(new RegExp(`${FIRST} │ set aside │ command │ \\S+ \\S+ │ api `));
    expect(out).toMatch(new RegExp(`${SECOND} │ waiting `));
    expect(out).toContain(`${FIRST}: the command failed`);
    expect(out).toMatch(
      /0 of 2 workers done, 1 set aside, 1 waiting; maand maintain resume continues it, maand maintain/,
    );
    expect(JSON.parse((await typed("maintain", "status", "--json")).out)).toMatchObject({
      pid: null,
      steps: ["drain", "command", "start"],
      command: 'test "$WORKER" = none || exit 7',
      workers: [
        { worker_ip: FIRST, state: "set_aside", step: "command", stopped: ["api"] },
        { worker_ip: SECOND, state: "waiting", stopped: [], message: null },
      ],
    });

    const flags = async (...args: readonly string[]) => {
      const rows: Record<string, unknown>[] = JSON.parse((await typed("cat", ...args, "--json")).out);
      return rows.map(({ maintenance, rollout }) => maintenance ?? rollout);
    };
    expect(await flags("workers")).toEqual([true, false]);
    expect(await flags("allocations")).toEqual([1, 0]);
    expect(await flags("deployments")).toEqual(["maintenance", "promoted"]);
    expect((await typed("cat", "workers")).out).toMatch(/maintenance/);
    expect((await typed("deploy", "--dry-run")).out).toContain(
      `warning: ${FIRST} is in maintenance, so nothing is changed`,
    );
    expect((await typed("maintain", "-w", SECOND, "--keep-drained")).err).toContain("is not over: 0 of 2 workers done");
  });

  it("is stopped by maand maintain abort, and no longer appears in the tables", async () => {
    const { code, out } = await typed("maintain", "abort", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      outcome: "aborted",
      is_over: true,
      workers: [{ state: "aborted" }, { state: "aborted" }],
    });
    expect(ran(FIRST).at(-1)).toBe("start 1.0.0 maintenance");
    expect((await typed("cat", "workers")).out).not.toContain("maintenance");
    expect((await typed("maintain", "status")).out).toBe("no maintenance is in progress\n");
  });
});
