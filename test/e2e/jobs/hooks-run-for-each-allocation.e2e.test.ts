import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LocalBucket, localBucket } from "../../support/bucket/local-bucket.ts";
import { linesOf } from "../../support/bucket/scratch.ts";

/** Tests job commands at their events. */

let bucket: LocalBucket;
const ONE = "127.0.0.11";
const TWO = "127.0.0.12";

beforeEach(async () => {
  bucket = await localBucket(2);
});

afterEach(() => bucket.dispose());

/** A command that records its event, its allocation and whether the allocation is disabled, and fails on request. */
function recordingCommand(): string {
  return `import os
with open(${JSON.stringify(join(bucket.root, "notes"))}, "a") as notes:
    print(os.environ["EVENT"], os.environ["ALLOCATION_IP"], os.environ["DISABLED"], file=notes)
raise SystemExit(os.path.exists(${JSON.stringify(join(bucket.root, "fail-"))} + os.environ["EVENT"]))
`;
}

/** A Makefile whose targets add a word to the notes of the commands. */
function makefile(): string {
  return `start stop restart reload:
	@echo "$@ $(WORKER_IP)" >> ${join(bucket.root, "notes")}
`;
}

function job(events: readonly string[], manifest: object = {}): void {
  const commands = { command_note: { executed_on: events } };
  const files = { Makefile: makefile(), "_modules/command_note.py": recordingCommand() };
  bucket.job("api", { version: "1.0.0", selectors: ["worker"], commands, ...manifest }, files);
}

/** The notes since the last call. */
function take(): string[] {
  const lines = linesOf(join(bucket.root, "notes"));
  rmSync(join(bucket.root, "notes"), { force: true });
  return lines;
}

const both = (event: string, disabled = 0) => [`${event} ${ONE} ${disabled}`, `${event} ${TWO} ${disabled}`];

describe("job commands", () => {
  it("run on this machine for each allocation, in the order of the phases", async () => {
    job(["post_build", "pre_deploy", "after_allocation_started", "health_check", "post_deploy"]);
    await bucket.type("maand build");
    expect(take()).toEqual(both("post_build"));
    await bucket.type("maand deploy");
    const printed = take();
    const sorted = (from: number, to: number) => printed.slice(from, to).sort();
    expect(sorted(0, 2)).toEqual(both("pre_deploy"));
    expect(sorted(2, 4)).toEqual([`start ${ONE}`, `start ${TWO}`]);
    expect(sorted(4, 6)).toEqual(both("after_allocation_started"));
    expect(sorted(6, 8)).toEqual(both("health_check"));
    expect(sorted(8, 10)).toEqual(both("post_deploy"));
    expect(printed).toHaveLength(10);
  });

  it("for pre_deploy run before the plan but not during a dry run, and for post_deploy only after a rollout", async () => {
    job(["pre_deploy", "post_deploy"]);
    await bucket.type("maand build && maand deploy");
    take();
    await bucket.type("maand deploy --dry-run");
    expect(take()).toEqual([]);
    await bucket.type("maand deploy");
    expect(take()).toEqual(both("pre_deploy"));
  });

  it("for post_deploy run again during the next deploy if they failed, without a new rollout", async () => {
    job(["post_deploy"]);
    bucket.write("fail-post_deploy", "");
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 1 });
    expect(take().filter((line) => line.startsWith("start"))).toHaveLength(2);
    rmSync(join(bucket.root, "fail-post_deploy"));
    await bucket.type("maand deploy");
    expect(take()).toEqual(both("post_deploy"));
    await bucket.type("maand deploy");
    expect(take()).toEqual([]);
  });

  it("for after_allocation_stopped run after the stop of a disabled or removed allocation", async () => {
    job(["after_allocation_stopped"]);
    await bucket.type("maand build && maand deploy");
    take();
    bucket.disable({ jobs: { api: { allocations: [TWO] } } });
    await bucket.type("maand build && maand deploy");
    expect(take()).toEqual([`stop ${TWO}`, `after_allocation_stopped ${TWO} 1`]);
    bucket.workers({ host: TWO });
    await bucket.type("maand build && maand deploy");
    expect(take()).toEqual([`stop ${ONE}`, `after_allocation_stopped ${ONE} 0`]);
    expect(existsSync(bucket.directory("api", TWO))).toBe(true);
  });

  it("for job_control replace start and restart during a deploy, but not during maand job", async () => {
    job(["job_control"]);
    await bucket.type("maand build && maand deploy");
    expect(take().sort()).toEqual(both("job_control"));
    expect(await bucket.rollouts()).toEqual({ [`api@${ONE}`]: "promoted", [`api@${TWO}`]: "promoted" });
    await bucket.type("maand job restart api");
    expect(take().sort()).toEqual([`restart ${ONE}`, `restart ${TWO}`]);
  });

  it("for post_build, pre_deploy, post_deploy, health_check and cli also run for disabled allocations", async () => {
    job(["post_build", "pre_deploy", "post_deploy", "health_check", "cli"]);
    await bucket.type("maand build && maand deploy");
    take();
    bucket.disable({ jobs: { api: { allocations: [TWO] } } });
    job(["post_build", "pre_deploy", "post_deploy", "health_check", "cli"], { version: "1.1.0" });
    await bucket.type(
      "maand build && maand deploy && maand jobcommand command_note api && maand health_check --jobs api",
    );
    const recorded = new Set(take());
    for (const event of ["post_build", "pre_deploy", "post_deploy", "health_check", "cli"]) {
      expect(recorded, event).toContain(`${event} ${ONE} 0`);
      expect(recorded, event).toContain(`${event} ${TWO} 1`);
    }
    expect(recorded).not.toContain(`restart ${TWO}`);
  });

  it("run for active and disabled allocations together, one after another or in parallel", async () => {
    const notes = JSON.stringify(join(bucket.root, "notes"));
    const script = `import os, time
def note(word):
    with open(${notes}, "a") as notes:
        print(word, os.environ["EVENT"], os.environ["ALLOCATION_IP"], file=notes)
note("begin")
end = time.monotonic() + 20
while os.environ["EVENT"] == "cli" and open(${notes}).read().count("begin cli") < 2:
    if time.monotonic() > end: raise SystemExit("the other one was not started")
    time.sleep(0.05)
note("end")
`;
    const commands = { command_note: { executed_on: ["pre_deploy", "cli"] } };
    const files = { "_modules/command_note.py": script };
    bucket.job("api", { version: "1.0.0", selectors: ["worker"], commands }, files);
    bucket.disable({ jobs: { api: { allocations: [ONE] } } });
    await bucket.type("maand build && maand deploy");
    const turn = (event: string, host: string) => [`begin ${event} ${host}`, `end ${event} ${host}`];
    expect(take()).toEqual([...turn("pre_deploy", ONE), ...turn("pre_deploy", TWO)]);
    await bucket.type("maand jobcommand command_note api --concurrency 2");
    expect(take().sort()).toEqual([...turn("cli", ONE), ...turn("cli", TWO)].sort());
  });

  it("for pre_deploy can create a secret for templates, and set the rollout order", async () => {
    const script = `import json, os, urllib.request
def put(route, **body):
    url = "http://%s:%s%s" % (os.environ["JOB_COMMAND_API_HOST"], os.environ["JOB_COMMAND_API_PORT"], route)
    headers = {"Authorization": "Bearer " + os.environ["JOB_COMMAND_API_TOKEN"], "Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers, method="PUT")).read()
put("/kv/secret", namespace="secrets/job/api", key="word", value="open-sesame")
put("/kv", namespace="maand/job/api", key="rollout_order", value="${TWO},${ONE}")
`;
    const commands = { command_prepare: { executed_on: ["pre_deploy"] } };
    const files = {
      Makefile: makefile(),
      "app.conf.tpl": '{{ getSecret "word" }}\n',
      "_modules/command_prepare.py": script,
    };
    const manifest = { selectors: ["worker"], commands, max_concurrent_starts: 1, max_concurrent_upgrades: 1 };
    bucket.job("api", { version: "1.0.0", ...manifest }, files);
    await bucket.type("maand build && maand deploy");
    expect(take()).toEqual([`start ${TWO}`, `start ${ONE}`]);
    for (const host of [ONE, TWO])
      expect(linesOf(join(bucket.directory("api", host), "app.conf"))).toEqual(["open-sesame"]);
    bucket.job("api", { version: "1.1.0", ...manifest }, files);
    await bucket.type("maand build && maand deploy");
    expect(take()).toEqual([`restart ${TWO}`, `restart ${ONE}`]);
  });
});
