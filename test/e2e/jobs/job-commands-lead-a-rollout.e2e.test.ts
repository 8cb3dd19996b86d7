import { expect, it } from "vitest";
import { withFleetBucket } from "../../support/bucket/fleet-bucket.ts";
import { executedOn, notesOf, scripts } from "../../support/bucket/scripts.ts";

const OK = { code: 0 };

/** The changes to workers in the last run, in order. */
function actions(stdout: string, action: string): string[] {
  const events = stdout
    .trim()
    .split("\n")
    .map((line): { type: string; action?: string; worker?: string } => JSON.parse(line));
  return events.flatMap((event) =>
    event.type === "action.started" && event.action === action ? (event.worker ?? []) : [],
  );
}

it("a secret that pre_deploy creates is rendered during the same deploy, encrypted in the store, and masked in the output", () =>
  withFleetBucket({ count: 2 }, async ({ bucket, workers, directory }) => {
    const seed = `
status, _ = ask("GET", "/kv", namespace=SECRETS, key="password")
if status == 404:
    call("PUT", "/kv/secret", namespace=SECRETS, key="password", value="very-" + E["ALLOCATION_INDEX"] + "-secret")
print("the password is", call("GET", "/kv", namespace=SECRETS, key="password")["value"])
`;
    bucket.job(
      "db",
      { version: "1.0.0", selectors: ["worker"], commands: executedOn({ command_seed: ["pre_deploy"] }) },
      { "db.conf.tpl": 'password = {{ getSecret "password" }}\n', ...scripts({ command_seed: seed }) },
    );
    const dry = await bucket.maand("deploy", "--build", "--dry-run");
    expect(dry.stdout).not.toContain("very-");
    const { code, stderr } = await bucket.maand("deploy");
    const printed = new Set(stderr.match(/the password is .*/g)); // printed once if both workers print the line at the same time
    expect([code, [...printed]]).toEqual([0, ["the password is ••••••"]]);
    for (const worker of workers) {
      expect(await worker.read(`${directory("db")}/db.conf`)).toBe("password = very-0-secret\n");
      expect(worker.exists(`${directory("db")}/_modules`)).toBe(false);
    }
    const shown = await bucket.json("cat", "kv", "get", "secrets/job/db", "password");
    expect(shown).toMatchObject({ value: "[encrypted]", version: 1 });
    const again = await bucket.maand("deploy");
    expect([again.code, again.stderr.includes("already promoted")]).toEqual([0, true]);
  }));

it("the leader is upgraded last if pre_deploy puts it at the end of the rollout order", () =>
  withFleetBucket({ count: 3 }, async ({ bucket, hosts }) => {
    const order = `
leader = "${hosts[0]}"
hosts = call("GET", "/kv", namespace="maand/job/" + JOB, key="workers")["value"].split(",")
hosts.sort(key=lambda host: host == leader)
call("PUT", "/kv", namespace="maand/job/" + JOB, key="rollout_order", value=",".join(hosts))
`;
    const started = `note(",".join([E["DEPLOY_PHASE"], E["BATCH_INDEX"], E["BATCH_COUNT"], E["BATCH_ALLOCATIONS"], E["ROLLOUT_ORDER_SOURCE"], E["CURRENT_VERSION"], E["NEW_VERSION"]]))`;
    const job = (version: string) =>
      bucket.job(
        "db",
        {
          version,
          selectors: ["worker"],
          commands: executedOn({ command_order: ["pre_deploy"], command_started: ["after_allocation_started"] }),
        },
        scripts({ command_order: order, command_started: started }),
      );
    job("1.0.0");
    expect(await bucket.maand("deploy", "--build")).toMatchObject(OK);
    job("2.0.0");
    const upgrade = await bucket.maand("deploy", "--build", "--json");
    expect(actions(upgrade.stdout, "restart"), upgrade.stderr).toEqual([hosts[1], hosts[2], hosts[0]]);
    expect(notesOf(bucket).slice(3)).toEqual([
      `update,0,3,${hosts[1]},kv,1.0.0,2.0.0`,
      `update,1,3,${hosts[2]},kv,1.0.0,2.0.0`,
      `update,2,3,${hosts[0]},kv,1.0.0,2.0.0`,
    ]);
  }));

it("a migration under a semaphore never runs twice at the same time", () =>
  withFleetBucket({ count: 4 }, async ({ bucket, hosts }) => {
    const migrate = `
call("POST", "/semaphore/acquire", name="migrate", timeout_seconds=50)
note("in " + IP)
call("POST", "/worker/run", worker_ip=IP, command="sleep 0.1; echo migrated >> /tmp/migrated-" + E["ALLOCATION_ID"] + " && rm /tmp/migrated-" + E["ALLOCATION_ID"])
note("out " + IP)
call("POST", "/semaphore/release", name="migrate")
`;
    bucket.job(
      "db",
      {
        version: "1.0.0",
        selectors: ["worker"],
        commands: executedOn({ command_migrate: ["after_allocation_started"] }),
      },
      scripts({ command_migrate: migrate }),
    );
    const { code, stderr } = await bucket.maand("deploy", "--build");
    expect(code, stderr).toBe(0);
    const notes = notesOf(bucket);
    const places = notes.filter((_, at) => at % 2 === 0).map((line) => line.slice("in ".length));
    expect(notes).toEqual(places.flatMap((host) => [`in ${host}`, `out ${host}`]));
    expect(places.sort()).toEqual([...hosts].sort());
  }));

const CANARY = `
hosts = E["NEW_ALLOCATIONS"].split(",") if E["NEW_ALLOCATIONS"] else E["UPDATED_ALLOCATIONS"].split(",")
target = "start" if E["NEW_ALLOCATIONS"] else "restart"
version = E["NEW_VERSION"]


def ran():
    status, entry = ask("GET", "/kv", namespace=VARS, key="canary")
    return status == 200 and entry["value"] == version


if IP not in hosts:
    raise SystemExit(0)
if IP != hosts[0]:
    wait_for(lambda: ran() or there("canary-died"))
    if not ran():
        raise SystemExit("the canary died")
answer = call("POST", "/worker/target", worker_ip=IP, job=JOB, target=target)
note("%s %s %s %s" % (target, version, IP, answer["exit"]))
if answer["exit"] != 0:
    open(os.path.join(root(), "canary-died"), "w").close()
    raise SystemExit("it does not run")
if IP == hosts[0]:
    call("PUT", "/kv", namespace=VARS, key="canary", value=version)
`;

it("job_control can upgrade a canary first, and leave the other allocations unchanged if the canary fails", () =>
  withFleetBucket({ count: 3 }, async ({ bucket, hosts, workers, lifecycle, rollouts, directory }) => {
    const job = (version: string) =>
      bucket.job(
        "api",
        { version, selectors: ["worker"], commands: executedOn({ command_canary: ["job_control"] }) },
        scripts({ command_canary: CANARY }),
      );
    job("1.0.0");
    const first = await bucket.maand("deploy", "--build");
    expect(first.code, first.stderr).toBe(0);
    job("2.0.0");
    expect(await bucket.maand("deploy", "--build")).toMatchObject(OK);
    const rounds = notesOf(bucket);
    for (const round of [rounds.slice(0, 3), rounds.slice(3, 6)]) expect(round[0]).toContain(` ${hosts[0]} 0`);
    for (const worker of workers)
      expect(await lifecycle("api", worker)).toEqual(["start 0.0.0 1.0.0", "restart 1.0.0 2.0.0"]);
    expect(await bucket.maand("job", "restart", "api")).toMatchObject(OK);
    expect(notesOf(bucket)).toEqual(rounds);

    await workers[0]?.write(`${directory("api")}/data/fail-restart`, "");
    job("3.0.0");
    const died = await bucket.maand("deploy", "--build");
    expect([died.code, died.stderr.includes("command_canary (job_control) of api")]).toEqual([1, true]);
    expect(notesOf(bucket).slice(6)).toEqual([`restart 3.0.0 ${hosts[0]} 2`]);
    expect(workers[1] && (await lifecycle("api", workers[1])).at(-1)).toBe("restart 2.0.0 2.0.0");
    expect(Object.values(await rollouts())).not.toContain("promoted");
  }));

it("the next deploy after a failed post_deploy runs only post_deploy", () =>
  withFleetBucket({ count: 2 }, async ({ bucket, workers, lifecycle }) => {
    const report = `
note("tell " + IP + " " + E["CURRENT_VERSION"])
if not there("fixed"):
    raise SystemExit("no listener")
`;
    bucket.job(
      "api",
      {
        version: "1.0.0",
        selectors: ["worker"],
        commands: executedOn({ command_record: ["post_deploy"], command_x_later: ["post_deploy"] }),
      },
      scripts({ command_record: report, command_x_later: 'note("later")' }),
    );
    const failed = await bucket.maand("deploy", "--build");
    expect([failed.code, failed.stderr.includes("no listener")]).toEqual([1, true]);
    expect(notesOf(bucket).map((line) => line.split(" ")[0])).toEqual(["tell", "tell"]);
    expect((await bucket.maand("deploy", "--dry-run")).stdout).toContain("post_deploy has not run yet");
    bucket.write("fixed", "");
    const again = await bucket.maand("deploy", "--json");
    expect([again.code, actions(again.stdout, "start")], again.stderr).toEqual([0, []]);
    expect(
      notesOf(bucket)
        .slice(2)
        .map((line) => line.split(" ")[0]),
    ).toEqual(["tell", "tell", "later", "later"]);
    for (const worker of workers) expect(await lifecycle("api", worker)).toEqual(["start 0.0.0 1.0.0"]);
    expect((await bucket.maand("deploy", "--dry-run")).stdout).toContain("no deployment required");
  }));

it("draining one of three allocations with a health command stops exactly that allocation", () =>
  withFleetBucket({ count: 3 }, async ({ bucket, hosts, workers, lifecycle }) => {
    bucket.job(
      "api",
      { version: "1.0.0", selectors: ["worker"], commands: executedOn({ command_well: ["health_check"] }) },
      scripts({ command_well: 'note("asked " + IP + " " + E["DISABLED"])' }),
    );
    expect(await bucket.maand("deploy", "--build")).toMatchObject(OK);
    bucket.disable({ jobs: { api: { allocations: [hosts[2]] } } });
    expect(await bucket.maand("deploy", "--build")).toMatchObject(OK);
    const [one, two, drained] = await Promise.all(workers.map((worker) => lifecycle("api", worker)));
    expect([one, two]).toEqual([["start 0.0.0 1.0.0"], ["start 0.0.0 1.0.0"]]);
    expect(drained).toEqual(["start 0.0.0 1.0.0", "stop 1.0.0 1.0.0"]);
    expect(notesOf(bucket).slice(3).sort()).toEqual(
      [`asked ${hosts[0]} 0`, `asked ${hosts[1]} 0`, `asked ${hosts[2]} 1`].sort(),
    );
    bucket.disable({});
    expect(await bucket.maand("deploy", "--build")).toMatchObject(OK);
    expect(workers[2] && (await lifecycle("api", workers[2])).slice(2)).toEqual(["start 1.0.0 1.0.0"]);
  }));

it("a removed job runs its last scripts when it is stopped, and a failure does not block its removal", () =>
  withFleetBucket({ count: 2 }, async ({ bucket, hosts, workers, directory }) => {
    const farewell = `
note(" ".join([JOB, IP, E["ALLOCATION_INDEX"], E["DEPLOY_PHASE"], call("GET", "/kv", namespace=VARS, key="name")["value"]]))
if JOB == "old":
    raise SystemExit("no farewell")
`;
    for (const name of ["old", "older"])
      bucket.job(
        name,
        {
          version: "1.0.0",
          selectors: ["worker"],
          commands: executedOn({ command_farewell: ["after_allocation_stopped"] }),
        },
        { "vars.toml": `name = "${name}"\n`, ...scripts({ command_farewell: farewell }) },
      );
    expect(await bucket.maand("deploy", "--build")).toMatchObject(OK);
    bucket.removeJob("old");
    bucket.removeJob("older");
    const gone = await bucket.maand("deploy", "--build");
    expect([gone.code, gone.stderr.includes("no farewell")], gone.stderr).toEqual([1, true]);
    const printed = hosts.flatMap((host, at) => [`old ${host} ${at} stop old`, `older ${host} ${at} stop older`]);
    expect(notesOf(bucket).sort()).toEqual(printed.sort());
    for (const worker of workers)
      for (const job of ["old", "older"]) expect(worker.exists(`${directory(job)}/Makefile`)).toBe(false);
    expect(await bucket.maand("deploy")).toMatchObject(OK);
    expect(notesOf(bucket)).toHaveLength(4);
  }));
