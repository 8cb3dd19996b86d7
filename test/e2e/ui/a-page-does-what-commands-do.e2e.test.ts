import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type {
  ActionsAnswer,
  DiffAnswer,
  EventsAnswer,
  FleetAnswer,
  JobAnswer,
  LogAnswer,
  PlanAnswer,
  PlanRow,
  RunAnswer,
  RunsAnswer,
  StatusAnswer,
} from "../../../packages/plugin-ui/src/contract.ts";
import { type LocalBucket, localBucket } from "../../support/bucket/local-bucket.ts";
import { RECORDING_MAKEFILE } from "../../support/bucket/scratch.ts";
import { until } from "../../support/fleet/until.ts";
import { type OpenedPage, openPage } from "../../support/ui/open-page.ts";

const ALL = ["--allow", "deploy,rollback,pause,maintain"];
const SECRET = "hunter2-S3cret!";
const SCRIPT = "<script>alert(1)</script>";
/** A start that waits while a file exists, and prints text that must not appear unmasked in a page or a log. */
const WAITING = RECORDING_MAKEFILE.replace(
  '	@echo "$@ of',
  `	@echo '${SCRIPT} ${SECRET}'\n	@while test -e ../../wait; do sleep 0.05; done\n	@echo "$@ of`,
);

let bucket: LocalBucket;
let page: OpenedPage | undefined;

beforeEach(async () => {
  bucket = await localBucket(2);
  bucket.job("api", { version: "1.0.0", selectors: ["worker"] }, { Makefile: WAITING, "a.conf": `one ${SCRIPT}\n` });
  expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
});
afterEach(async () => {
  release();
  await page?.close();
  page = undefined;
  bucket.dispose();
});

/** Makes all commands of the first worker wait. */
function hold(): void {
  for (const host of bucket.hosts) writeFileSync(join(bucket.directory("api", host), "../../wait"), "");
}
function release(): void {
  for (const host of bucket.hosts)
    spawnSync("rm", ["-f", join(bucket.directory("api", host), "../../wait")], { stdio: "ignore" });
}

function change(version: string): void {
  bucket.job("api", { version, selectors: ["worker"] }, { Makefile: WAITING, "a.conf": `${version} ${SCRIPT}\n` });
}

async function finished(id: string): Promise<RunAnswer> {
  return until(`run ${id} to end`, async () => {
    const answer = await page?.get<RunAnswer>(`runs/${id}`).catch(() => undefined);
    return answer?.summary && answer.run.finished_at ? answer : undefined;
  });
}

it("the web UI shows a plan with reasons, deploys a confirmed plan only once, and rolls back", async () => {
  page = await openPage(bucket, ...ALL);
  change("2.0.0");
  await bucket.maand("build");
  const { status, body: made } = await page.post<PlanRow>("plan", {});
  expect([status, made.state, made.actions]).toEqual([201, "open", { restart: 2 }]);
  const plan = await page.get<PlanAnswer>("plan/latest");
  expect(plan.waves[0]?.jobs[0]?.allocations[0]).toMatchObject({ action: "restart", new_version: "2.0.0" });
  const [host = ""] = bucket.hosts;
  const { files } = await page.get<DiffAnswer>(`plan/${made.digest}/diff?job=api&host=${host}`);
  expect(files.find(({ path }) => path === "a.conf")?.diff).toContain(`+2.0.0 ${SCRIPT}`);

  const deployed = await page.act({ verb: "deploy", plan: made.digest });
  expect(deployed.text).toBe("deploy this plan: 2 allocations on 2 workers");
  expect(deployed.items).toEqual([`api: restart (1.0.0 to 2.0.0) on ${bucket.hosts.join(", ")}`]);
  const run = await finished(deployed.started.run ?? "");
  expect(run).toMatchObject({ run: { command: "deploy", result: "ok" }, summary: { promoted: 2 } });
  expect(run.batches.map(({ workers }) => workers)).toEqual(bucket.hosts.map((one) => [one]));
  expect(await page.get<PlanRow>(`plan/${made.digest}`)).toMatchObject({ state: "used", run: run.run.run });
  expect(await page.post("actions", { verb: "deploy", plan: made.digest })).toMatchObject({ status: 409 });

  const back = await page.act({ verb: "rollback", job: "api" });
  expect(back.items).toEqual([`api: restart (2.0.0 to 1.0.0) on ${bucket.hosts.join(", ")}`]);
  await finished(back.started.run ?? "");
  const job = await page.get<JobAnswer>("jobs/api");
  expect(job.allocations.map(({ running_version }) => running_version)).toEqual(["1.0.0", "1.0.0"]);
  expect(job.held).toContain("r2");
  expect((await page.get<RunsAnswer>("runs?job=api")).runs[0]).toMatchObject({ command: "rollback", result: "ok" });
});

it("the web UI refuses an outdated plan with the same message as the command, and changes nothing", async () => {
  page = await openPage(bucket, ...ALL);
  change("2.0.0");
  await bucket.maand("build");
  const { body: made } = await page.post<PlanRow>("plan", { jobs: ["api"] });
  change("3.0.0");
  await bucket.maand("build");
  const requested = await page.post<{ confirm: { token: string } }>("actions", { verb: "deploy", plan: made.digest });
  const { token } = requested.body.confirm;
  const refused = await page.post("actions", { verb: "deploy", plan: made.digest, confirm: token });
  expect(refused).toMatchObject({ status: 409, body: { error: { code: "PLAN_STALE" } } });
  const again = await page.post("actions", { verb: "deploy", plan: made.digest, confirm: token });
  expect(again).toMatchObject({ status: 409, body: { error: { code: "NOT_CONFIRMED" } } });
  expect((await page.get<ActionsAnswer>("actions")).actions).toMatchObject([
    { exit: 5, error: { code: "PLAN_STALE" } },
  ]);
  expect(Object.values(await bucket.rollouts())).toEqual(["restart", "restart"]);
});

describe("a deploy that is started from the web UI", () => {
  /** Starts a deploy, and waits until it runs a command on a worker. */
  async function begun(): Promise<string> {
    page = await openPage(bucket, ...ALL);
    change("2.0.0");
    await bucket.maand("build");
    const { body: made } = await page.post<PlanRow>("plan", {});
    hold();
    const { started } = await page.act({ verb: "deploy", plan: made.digest });
    const id = started.run ?? "";
    await until("output", async () => (await page?.get<LogAnswer>(`runs/${id}/log`))?.lines.length);
    return id;
  }

  it("continues to its end after the server is killed", async () => {
    const id = await begun();
    page?.server.kill("SIGKILL");
    await page?.server.ended;
    release();
    page = await openPage(bucket);
    expect(await finished(id)).toMatchObject({ run: { result: "ok" }, summary: { promoted: 2 } });
    expect(Object.values(await bucket.rollouts())).toEqual(["promoted", "promoted"]);
  });

  it("can be interrupted from the web UI, and the next deploy resumes", async () => {
    const id = await begun();
    expect(await page?.get<RunAnswer>(`runs/${id}`)).toMatchObject({ run: { result: "running" }, summary: null });
    const { text } = (await page?.act({ verb: "pause", action: "interrupt" })) ?? {};
    expect(text).toMatch(/^interrupt maand deploy, which has been running since 20/);
    release();
    expect((await finished(id)).run.result).toBe("interrupted");
    const again = () => page?.post("actions", { verb: "pause", action: "interrupt" });
    await until("nothing to interrupt", async () => (await again())?.status === 409);
    expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
  });

  it("is shown as unknown instead of running after it is killed", async () => {
    const id = await begun();
    const { running } = (await page?.get<StatusAnswer>("status")) ?? {};
    const stream = page?.follow();
    await until("hello", () => stream?.woken.length);
    const counts = async () => (await page?.get<FleetAnswer>("fleet"))?.jobs[0]?.counts;
    expect(await counts()).toMatchObject({ changing: 1 });
    process.kill(running?.pid ?? 0, "SIGKILL");
    await until(
      "the run to be unknown",
      async () => (await page?.get<RunAnswer>(`runs/${id}`))?.run.result === "unknown",
    );
    await until("the fleet to show allocations in doubt", async () => (await counts())?.in_doubt === 1);
    stream?.close();
    release();
    expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
  });
});

it("the web UI shows a run live that was started in a terminal", async () => {
  page = await openPage(bucket);
  const { get } = page;
  const stream = page.follow();
  await until("hello", () => stream.woken.length);
  change("2.0.0");
  hold();
  const other = bucket.start(["deploy", "--build"]);
  const wake = await until("the stream to name its run", () => stream.woken.find(({ kind }) => kind === "run"));
  const before = await get<EventsAnswer>(`runs/${wake.run}/events`);
  expect(before.over).toBe(false);
  release();
  await other.ended;
  await until("the last event", async () => {
    const { over } = await get<EventsAnswer>(`runs/${wake.run}/events?after=${before.last}&cursor=${before.cursor}`);
    return over && stream.woken.some(({ kind }) => kind === "fleet");
  });
  const numbers = stream.woken.map(({ seq }) => seq);
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  stream.close();
});

it("the files of the web UI's server are private", async () => {
  page = await openPage(bucket, ...ALL);
  await page.post("plan", {});
  chmodSync(bucket.root, 0o755);
  const directory = join(bucket.root, "data/ui");
  const file = join(directory, readdirSync(directory).find((name) => name.startsWith("open-")) ?? "");
  for (const open of [file, directory]) {
    const read = spawnSync("cat", [open], { uid: 65_534, gid: 65_534, encoding: "utf8" });
    expect([read.status, read.stdout]).toEqual([1, ""]);
  }
  // the file itself is private too, in case other users can read its directory
  expect(statSync(file).mode & 0o077).toBe(0);
});

it("an exported run opens without a server, with secrets masked and scripts shown as text", async () => {
  bucket.write("secret.txt", SECRET);
  expect(await bucket.maand("secret", "set", "token", "--job", "api", "--file", "secret.txt")).toMatchObject({
    code: 0,
  });
  bucket.job(
    "api",
    { version: "2.0.0", selectors: ["worker"] },
    { Makefile: WAITING, "b.conf.tpl": '{{ get "secrets/job/api" "token" }}\n' },
  );
  expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
  const { code, stdout } = await bucket.maand("ui", "--export", "out", "--json");
  expect(code).toBe(0);
  const { run } = JSON.parse(stdout);
  const out = join(bucket.root, "out");
  const files = readdirSync(out, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(out, name)).isFile(),
  );
  expect(files).toEqual(expect.arrayContaining(["index.html", "data/fleet.js", `data/runs/${run}.js`]));
  const window: { maandExport?: Record<string, unknown> } = {};
  for (const name of files.filter((one) => one.startsWith("data/")))
    runInNewContext(readFileSync(join(out, name), "utf8"), { window });
  const data = window.maandExport ?? {};
  expect(data.session).toMatchObject({ live: false, allow: [], exported: { run } });
  expect(data[`runs/${run}`]).toMatchObject({ run: { command: "deploy", result: "ok" } });
  expect(JSON.stringify(data[`runs/${run}/log`])).toContain(SCRIPT);
  expect(readFileSync(join(out, "index.html"), "utf8")).toContain('<head><meta name="maand-export"');
  for (const name of files) {
    expect(statSync(join(out, name)).mode & 0o077).toBe(0);
    expect(readFileSync(join(out, name), "utf8").includes(SECRET)).toBe(false);
  }
  expect(await bucket.maand("ui", "--export", "out")).toMatchObject({
    stderr: expect.stringContaining("is not empty"),
  });
  expect(existsSync(join(bucket.root, "data/ui"))).toBe(false);
});
