import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { initialised, typedIn } from "../run/typed.test.support.ts";

const HOSTS = ["127.0.0.11", "127.0.0.12", "127.0.0.13"];
const COMMANDS = "maand rollout resume api continues, maand rollout abort api goes back to r1";

const MAKEFILE = `start restart stop:
	@mkdir -p data
	@echo "$@ $(CURRENT_VERSION) $(NEW_VERSION) $(DEPLOY_REASON)" >> data/ran
status:
	@true
`;

let root: string;
let typed: ReturnType<typeof typedIn>;

function write(path: string, text: string): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
}

function version(text: string): void {
  const manifest = { version: text, selectors: ["worker"], rollout: { steps: ["1", "pause", "1s", "100%"] } };
  write("workspace/jobs/api/manifest.json", JSON.stringify(manifest));
}

/** The last target that ran on each worker. */
function lastRun(): string[] {
  return HOSTS.map((host) => {
    const home = join(root, "data/local", host);
    const [id = ""] = readdirSync(home);
    const ran = readFileSync(join(home, id, "jobs/api/data/ran"), "utf8").trimEnd();
    return ran.split("\n").at(-1) ?? "";
  });
}

beforeAll(async () => {
  root = await initialised('transport = "local"\n');
  typed = typedIn(root);
  write("workspace/workers.json", JSON.stringify(HOSTS.map((host) => ({ host }))));
  write("workspace/jobs/api/Makefile", MAKEFILE);
  version("1.0.0");
  expect(await typed("deploy", "--build")).toMatchObject({ code: 0 });
  version("2.0.0");
  expect(await typed("build")).toMatchObject({ code: 0 });
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("a build with invalid rollout steps", () => {
  it("reports all of them together, each with its key", async () => {
    write("workspace/jobs/bad/Makefile", MAKEFILE);
    const rollout = { steps: ["2", "1", "soon", "pause"], soak_seconds: -1 };
    write("workspace/jobs/bad/manifest.json", JSON.stringify({ version: "1.0.0", selectors: ["worker"], rollout }));
    const { code, err } = await typed("build");
    rmSync(join(root, "workspace/jobs/bad"), { recursive: true });
    expect(code).toBe(2);
    for (const text of ["rollout.steps[1]", "rollout.steps[2]", "do not end with 100%", "rollout.soak_seconds"])
      expect(err).toContain(text);
  });

  it("only warns about a soak without a health check", async () => {
    write("workspace/jobs/still/Makefile", MAKEFILE);
    const rollout = { steps: ["1", "100%"], soak_seconds: 5 };
    write("workspace/jobs/still/manifest.json", JSON.stringify({ version: "1.0.0", selectors: ["none"], rollout }));
    const { code, err } = await typed("build");
    rmSync(join(root, "workspace/jobs/still"), { recursive: true });
    expect(code).toBe(0);
    expect(err).toContain("rollout.soak_seconds: the job has no health check");
    expect(await typed("build")).toMatchObject({ code: 0 });
  });
});

describe("a staged rollout", () => {
  it("is shown by a dry run, step by step up to the pause", async () => {
    const { code, out: output } = await typed("deploy", "--dry-run", "--exit-code");
    expect(code).toBe(4);
    expect(output).toContain(`    step 1 of 4 (1): ${HOSTS[0]}
    step 2 of 4 pauses: maand rollout resume api continues, maand rollout abort api goes back
    waiting: ${HOSTS[1]}, ${HOSTS[2]}
`);
    expect((await typed("why", "api", "127.0.0.12")).out).toContain(
      "will not change yet: the rollout of r2 will pause",
    );
  });

  it("exits with code 6 at each pause, and names the next command", async () => {
    for (const args of [["deploy"], ["deploy"], ["deploy", "--force", "--jobs", "api"]]) {
      const { code, err: errors } = await typed(...args);
      expect({ args, code }).toEqual({ args, code: 6 });
      expect(errors).toMatch(/paused: api r2 at step 2 of 4 since [-0-9]{10} [:0-9]{5} UTC, started by \S+; /);
      expect(errors).toContain(COMMANDS);
      expect(errors).toContain("deploy paused:");
    }
    expect(await typed("deploy", "--dry-run", "--exit-code")).toMatchObject({ code: 0 });
  });

  it("is reported as paused by every command that shows the job", async () => {
    const text = "api is paused at step 2 of 4 (pause) since";
    expect((await typed("rollout", "status", "api")).out).toContain(text);
    for (const args of [
      ["cat", "deployments"],
      ["releases", "api"],
      ["job", "status", "api"],
    ])
      expect({ args, errors: (await typed(...args)).err }).toEqual({ args, errors: expect.stringContaining(text) });
    expect((await typed("why", "api", "127.0.0.12")).out).toContain("will not change yet: the rollout of r2 is paused");
    const rows = JSON.parse((await typed("cat", "deployments", "--json")).out);
    expect(rows.map((row: { rollout: string; step: string }) => [row.rollout, row.step])).toEqual([
      ["promoted", "2 of 4"],
      ["paused", "2 of 4"],
      ["paused", "2 of 4"],
    ]);
    expect(JSON.parse((await typed("rollout", "status", "--json")).out)).toMatchObject([
      {
        job: "api",
        release: "r2",
        previous: "r1",
        state: "paused",
        step: 2,
        runs_on: [HOSTS[0]],
        waiting: HOSTS.slice(1),
      },
    ]);
  });

  it("refuses a rollback, and names the valid command", async () => {
    const { code, err: errors } = await typed("rollback", "api");
    expect(code).toBe(2);
    expect(errors).toContain("the rollout of r2 is at step 2 of 4 (pause)");
    expect(errors).toContain("maand rollout abort api goes back to r1");
    expect(await typed("deploy", "--jobs", "api", "--release", "r1")).toMatchObject({ code: 2 });
  });

  it("is not continued by a manual restart, which keeps the version of each worker", async () => {
    expect(await typed("job", "restart", "api")).toMatchObject({ code: 0 });
    expect(lastRun()).toEqual([
      "restart 2.0.0 2.0.0 manual",
      "restart 1.0.0 1.0.0 manual",
      "restart 1.0.0 1.0.0 manual",
    ]);
  });

  it("continues after a resume, waits at the timed step, and completes", async () => {
    const { code, err: errors } = await typed("rollout", "resume", "api");
    expect(code).toBe(0);
    expect(errors).toContain("api: step 3 of 4 waits");
    expect(lastRun().slice(1)).toEqual(["restart 1.0.0 2.0.0 upgrade", "restart 1.0.0 2.0.0 upgrade"]);
    expect((await typed("rollout", "status")).out).toBe("no rollout is under way\n");
  });

  it("is reverted by an abort, which leaves nothing to resume", async () => {
    version("3.0.0");
    expect(await typed("deploy", "--build")).toMatchObject({ code: 6 });
    const { code, err: errors } = await typed("rollout", "abort", "api");
    expect(code).toBe(0);
    expect(errors).toContain("abort done:");
    expect(lastRun()[0]).toBe("restart 3.0.0 2.0.0 revert");
    const again = await typed("deploy", "--build");
    expect(again).toMatchObject({ code: 0, err: expect.stringContaining("api is held: r3 (3.0.0) was reverted") });
    for (const word of ["resume", "abort"]) {
      const refused = await typed("rollout", word, "api");
      expect({ word, code: refused.code }).toEqual({ word, code: 2 });
      expect(refused.err).toContain("has no staged rollout under way");
    }
  });
});
