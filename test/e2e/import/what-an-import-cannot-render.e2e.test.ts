import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Fleet, startFleet } from "../../support/fleet/index.ts";
import { GO_HOSTS, type GoBucket, goBucket } from "../../support/go-bucket/go-bucket.ts";

const [A, B] = GO_HOSTS;

let fleet: Fleet;
let bucket: GoBucket;

beforeAll(async () => {
  fleet = await startFleet({ count: 3, addresses: GO_HOSTS });
});

afterAll(() => fleet.close());

beforeEach(async () => {
  bucket = await goBucket(fleet);
});

afterEach(() => bucket.dispose());

const md5 = (text: string) => createHash("md5").update(text).digest("hex");

/** Changes the store so that the Go program seems to have rendered a file differently from maand. */
async function renderedOtherwise(host: string, path: string, text: string): Promise<void> {
  await bucket.worker(host).write(`${bucket.home}/jobs/api/${path}`, text);
  bucket.sql(
    `UPDATE hash SET previous_files = json_set(previous_files, '$."${path}"', '${md5(text)}') WHERE key = (SELECT alloc_id FROM allocations WHERE job = 'api' AND worker_ip = '${host}')`,
  );
}

const OTHER = `ip=${A}\nport=30000\npw=s3cret-of-api\npeers=[${A} ${B}]\n`;

describe("a template that maand renders differently from the Go program", () => {
  beforeEach(() => renderedOtherwise(A, "app.conf", OTHER));

  it("stops an import, and the import lists the diff with secrets masked", async () => {
    const { code, stdout } = await bucket.maand("import");
    expect(code).toBe(2);
    expect(stdout).toContain(`api on ${A}: app.conf: it is rendered differently from how the Go program rendered it`);
    expect(stdout).toContain(`-peers=[${A} ${B}]`);
    expect(stdout).toContain(`+peers=${A},${B}`);
    expect(stdout).toContain("nothing was imported: 1 file would be rendered differently");
    expect(stdout).not.toContain("s3cret-of-api");
    expect(bucket.rows("SELECT count(*) AS count FROM schema_version")).toEqual([{ count: 1 }]);
  });

  it("is taken over unchanged with --accept, until its job changes", async () => {
    expect(await bucket.maand("import", "--accept")).toMatchObject({ code: 0 });
    const { code, stdout } = await bucket.maand("deploy", "--dry-run", "--exit-code");
    expect([code, stdout]).toEqual([0, expect.stringContaining("no deployment required")]);
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    expect(await bucket.ran("api", A)).toEqual([]);
    expect(await bucket.worker(A).read(`${bucket.home}/jobs/api/app.conf`)).toBe(OTHER);
    bucket.write("workspace/jobs/api/run.sh", "#!/bin/sh\necho other\n");
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    expect(await bucket.ran("api", A)).toEqual(["restart 1.4.0 1.4.0"]);
    expect(await bucket.worker(A).read(`${bucket.home}/jobs/api/app.conf`)).toContain(`peers=${A},${B}`);
  });
});

it("an import distinguishes a file that was edited on a worker from a file that is rendered differently", async () => {
  await bucket.worker(B).write(`${bucket.home}/jobs/web/html/index.html`, "<h1>by hand</h1>\n");
  const { code, stdout } = await bucket.maand("import", "--dry-run");
  expect(code).toBe(2);
  expect(stdout).toContain(`web on ${B}: html/index.html: it was changed on the worker since the last deploy`);
});

it("an import reproduces a template that prints the previous version and the number of the deploy", async () => {
  const source = "from {{ .CurrentVersion }} to {{ .NewVersion }} by {{ .UpdateSeq }}\n";
  bucket.write("workspace/jobs/web/about.tpl", source);
  const about = "from 2.0.0 to 2.1.0 by 1\n";
  for (const host of GO_HOSTS) {
    await bucket.worker(host).write(`${bucket.home}/jobs/web/about`, about);
    bucket.sql(
      `UPDATE hash SET previous_files = json_set(previous_files, '$."about"', '${md5(about)}', '$."about.tpl"', '${md5(source)}') WHERE key = (SELECT alloc_id FROM allocations WHERE job = 'web' AND worker_ip = '${host}')`,
    );
  }
  expect(await bucket.maand("import")).toMatchObject({ code: 0 });
  expect((await bucket.maand("deploy", "--dry-run")).stdout).toContain("no deployment required");
});

describe("a change that is pending before an import is also pending after it:", () => {
  it("an edit that was not deployed", async () => {
    bucket.write("workspace/jobs/web/html/index.html", "<h1>three</h1>\n");
    const { code, stdout } = await bucket.maand("import");
    expect(code).toBe(0);
    for (const host of GO_HOSTS) expect(stdout).toContain(`pending as before: web on ${host}: html/index.html changed`);
    const plan = (await bucket.maand("deploy", "--dry-run")).stdout;
    expect(plan).toContain('job "web": deploy required');
    expect(plan).toContain('job "api": skip');
    expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
    for (const host of GO_HOSTS) expect(await bucket.ran("web", host)).toEqual(["reload 2.1.0 2.1.0"]);
    expect(await bucket.ran("api", A)).toEqual([]);
  });

  it("a drain that was not deployed", async () => {
    bucket.write("workspace/disabled.json", JSON.stringify({ jobs: { web: { allocations: [A] } } }));
    bucket.sql(`UPDATE allocations SET disabled = 1 WHERE job = 'web' AND worker_ip = '${A}'`);
    expect(await bucket.maand("import")).toMatchObject({ code: 0 });
    expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
    expect(await bucket.ran("web", A)).toEqual(["stop"]);
    expect(await bucket.ran("web", B)).toEqual([]);
  });

  it("a removal of a job that was built but not deployed", async () => {
    const { execFileSync } = await import("node:child_process");
    execFileSync("rm", ["-r", `${bucket.root}/workspace/jobs/web`]);
    expect(await bucket.maand("import")).toMatchObject({ code: 0 });
    expect((await bucket.maand("deploy", "--dry-run")).stdout).toContain("web");
    expect(await bucket.ran("web", A)).toEqual([]);
    expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
    for (const host of GO_HOSTS) expect(await bucket.ran("web", host)).toEqual(["stop"]);
  });
});

it("an import refuses a worker of another bucket, and names both", async () => {
  await bucket.worker(A).write(`${bucket.home}/worker.json`, '{"bucket_id":"other","worker_id":"x","update_seq":2}');
  const { code, stderr } = await bucket.maand("import");
  expect(code).toBe(2);
  expect(stderr).toContain(`${A} does not have the files of this bucket: its worker.json names bucket other`);
});
