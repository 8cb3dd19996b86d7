import { aBucket, type TestBucket } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { templates } from "./index.ts";

const A = "10.0.0.1";
const B = "10.0.0.2";
const SAYING = "{{.CurrentVersion}} -> {{.NewVersion}}, delivery {{.UpdateSeq}}";

let bucket: TestBucket;

beforeEach(() => {
  bucket = aBucket({ plugins: [templates()] });
  bucket.workers(A, B);
});

afterEach(() => bucket.dispose());

function rendered(host: string, path = "said", job = "api"): string | undefined {
  return bucket.fleet.at(job, host)?.files[path];
}

/** The calls since the last call of this function. */
function since(): string[] {
  return bucket.fleet.done.splice(0).sort();
}

describe("a template that depends on the deploy", () => {
  const api = (version: string, more: Readonly<Record<string, string>> = {}) =>
    bucket.job("api", { version, selectors: ["worker"], max_concurrent_upgrades: 2 }, { "said.tpl": SAYING, ...more });

  beforeEach(async () => {
    api("1.0.0");
    await bucket.ship();
  });

  it("is rolled out once", async () => {
    expect(rendered(A)).toBe("0.0.0 -> 1.0.0, delivery 1");
    since();
    expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
    expect(since()).toEqual([]);
    expect((await bucket.plan()).required).toBe(false);
  });

  it("is rolled out again for a new version, and then stays unchanged", async () => {
    api("2.0.0");
    since();
    await bucket.ship();
    expect(since()).toEqual([`restart api@${A}`, `restart api@${B}`, `stage ${A}`, `stage ${B}`]);
    expect(rendered(B)).toBe("1.0.0 -> 2.0.0, delivery 2");
    await bucket.ship();
    await bucket.ship();
    expect(since()).toEqual([]);
  });

  it("is rendered again if another file of its job changes, and a dry run renders the same text", async () => {
    api("1.0.0", { other: "x" });
    await bucket.build();
    const [job] = (await bucket.plan()).waves[0]?.jobs ?? [];
    const file = job?.allocations[0]?.tree.files.find(({ path }) => path === "said");
    await bucket.deploy();
    expect(Buffer.from(file?.content ?? []).toString()).toBe(rendered(A));
    expect(rendered(A)).toBe("1.0.0 -> 1.0.0, delivery 2");
    since();
    await bucket.deploy();
    expect(since()).toEqual([]);
  });

  it("does not change on a worker if another worker is added", async () => {
    bucket.workers(A, B, "10.0.0.3");
    since();
    await bucket.ship();
    expect(since().filter((done) => !done.startsWith("stage"))).toEqual(["start api@10.0.0.3"]);
    expect([rendered(A), rendered("10.0.0.3")]).toEqual(["0.0.0 -> 1.0.0, delivery 1", "0.0.0 -> 1.0.0, delivery 2"]);
  });

  it("keeps its text if its job is restarted with --force", async () => {
    since();
    await bucket.ship({ force: true });
    expect(since()).toContain(`restart api@${A}`);
    expect(rendered(A)).toBe("0.0.0 -> 1.0.0, delivery 1");
    await bucket.ship();
    expect(since()).toEqual([]);
  });

  it("does not change after a deploy that needed two attempts", async () => {
    api("2.0.0");
    bucket.fleet.fail(`restart api@${A}`);
    await bucket.ship();
    bucket.fleet.repair();
    await bucket.deploy();
    expect(rendered(A)).toBe("1.0.0 -> 2.0.0, delivery 3");
    since();
    await bucket.deploy();
    expect(since()).toEqual([]);
  });

  it("has its previous text after a failed version is undone in the workspace", async () => {
    api("2.0.0");
    bucket.fleet.fail(`restart api@${A}`);
    bucket.fleet.fail(`restart api@${B}`);
    await bucket.ship();
    bucket.fleet.repair();
    api("1.0.0");
    await bucket.ship();
    expect(rendered(A)).toBe("0.0.0 -> 1.0.0, delivery 1");
    since();
    await bucket.ship();
    expect(since()).toEqual([]);
  });

  it("contains the update sequence number of its worker, even in a later wave", async () => {
    bucket.job(
      "late",
      {
        version: "0.1.0",
        selectors: ["worker"],
        commands: { command_wait: { executed_on: ["post_deploy"], demands: { job: "api", command: "command_ready" } } },
      },
      { "said.tpl": SAYING, "_modules/command_wait.py": "" },
    );
    bucket.job(
      "api",
      { version: "2.0.0", selectors: ["worker"], commands: { command_ready: { executed_on: ["cli"] } } },
      { "said.tpl": SAYING, "_modules/command_ready.py": "" },
    );
    await bucket.ship();
    expect([rendered(A), rendered(A, "said", "late")]).toEqual([
      "1.0.0 -> 2.0.0, delivery 2",
      "0.0.0 -> 0.1.0, delivery 2",
    ]);
    since();
    await bucket.ship();
    expect(since()).toEqual([]);
  });
});

describe("a template that fails only with the promoted values", () => {
  it("counts as changed, and is rendered for this deploy", async () => {
    const source = '{{if eq .CurrentVersion "0.0.0"}}{{get "vars/job/api" "first"}}{{else}}grown{{end}}';
    bucket.job(
      "api",
      { version: "1.0.0", selectors: ["worker"] },
      { "said.tpl": source, "vars.toml": 'first = "x"\n' },
    );
    await bucket.ship();
    const maand = await bucket.open();
    maand.kv.remove("vars/job/api", "first");
    maand.close();
    bucket.write("jobs/api/vars.toml", "");
    expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
    expect(rendered(A)).toBe("grown");
  });
});

describe("a template that cannot be rendered", () => {
  beforeEach(() => {
    bucket.job("otel", { selectors: ["worker"] }, { "c.yaml.tpl": 'a: 1\nb: {{get "maand/job/api" "version"}}\n' });
    bucket.job("api", { selectors: ["worker"] });
  });

  it("is reported by a dry run with position and hint, and the other jobs are planned", async () => {
    await bucket.build();
    const plan = await bucket.plan();
    expect(plan.failures).toMatchObject([
      {
        job: "otel",
        code: "RENDER_FAILED",
        message: expect.stringMatching(
          /^workspace\/jobs\/otel\/c\.yaml\.tpl:2:\d+: at <get "maand\/job\/api" "version">: get: job otel may not read the KV namespace maand\/job\/api \(key "version"\)/,
        ),
        hint: expect.stringContaining("a dependency on a command of api"),
      },
    ]);
    expect(plan.required).toBe(true);
    expect(plan.waves.flatMap(({ jobs }) => jobs.map(({ job }) => job.name))).toEqual(["api"]);
  });

  it("fails only its own job in a deploy", async () => {
    const summary = await bucket.ship();
    expect(summary).toMatchObject({ outcome: "failed", failures: [{ job: "otel", code: "RENDER_FAILED" }] });
    expect(Object.keys(bucket.fleet.running()).sort()).toEqual([`api@${A}`, `api@${B}`]);
    expect(bucket.fleet.at("otel", A)).toBeUndefined();
  });

  it("does not prevent --sync-only for other jobs", async () => {
    bucket.removeJob("otel");
    await bucket.ship();
    bucket.job("otel", { selectors: ["worker"] }, { "c.tpl": '{{get "maand/job/api" "version"}}' });
    bucket.write("jobs/api/new.conf", "x");
    await bucket.build();
    const summary = await bucket.deploy({ syncOnly: true });
    expect(summary.failures.map(({ job }) => job)).toEqual(["otel"]);
    expect(rendered(A, "new.conf")).toBe("x");
  });

  it("is refused at build if it cannot be parsed", async () => {
    bucket.job("otel", { selectors: ["worker"] }, { "c.tpl": "x\n{{ if }}" });
    await expect(bucket.build()).rejects.toMatchObject({
      code: "PROBLEMS",
      problems: [{ code: "invalid_template", where: expect.stringContaining("workspace/jobs/otel/c.tpl:2:") }],
    });
  });
});

it("a changed value restarts only the jobs that use it", async () => {
  bucket.job("api", { selectors: ["worker"] }, { "a.tpl": '{{get "vars/bucket" "colour"}}' });
  bucket.job("web", { selectors: ["worker"] }, { "a.tpl": "{{.WorkerIP}}" });
  bucket.write("bucket.conf", 'colour = "red"\n');
  await bucket.ship();
  expect([rendered(A, "a"), rendered(B, "a", "web")]).toEqual(["red", B]);
  bucket.write("bucket.conf", 'colour = "blue"\n');
  since();
  await bucket.ship();
  expect(since()).toEqual([`restart api@${A}`, `restart api@${B}`, `stage ${A}`, `stage ${B}`]);
  expect(rendered(A, "a")).toBe("blue");
});
