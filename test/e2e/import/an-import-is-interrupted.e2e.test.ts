import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { killer, stepCounter } from "../../support/bucket/killer.ts";
import { type Fleet, startFleet } from "../../support/fleet/index.ts";
import { GO_HOSTS, type GoBucket, goBucket } from "../../support/go-bucket/go-bucket.ts";

const C = GO_HOSTS[2];
const KILLS = Number(process.env.MAAND_KILLS ?? 3);

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

/** Whether the bucket's store is still the store of the Go program. */
function isOld(): boolean {
  return bucket.rows("SELECT name FROM sqlite_master WHERE name = 'schema_version'").length > 0;
}

async function expectComplete(): Promise<void> {
  const { code, stdout } = await bucket.maand("deploy", "--dry-run", "--exit-code");
  expect([code, stdout]).toEqual([0, expect.stringContaining("no deployment required")]);
  for (const host of GO_HOSTS) expect(await bucket.ran("web", host)).toEqual([]);
}

/** The number of steps of an import. */
async function steps(): Promise<number> {
  const file = join(bucket.root, "steps");
  await bucket.start(["import"], stepCounter(file)).ended;
  const count = Number(readFileSync(file, "utf8"));
  rmSync(file);
  return count;
}

it("a killed import leaves either the old bucket or the new bucket, and the next import completes it", {
  timeout: 300_000,
}, async () => {
  const all = await steps();
  // kills at each of the last steps, which replace the store, and at some of the other steps
  const last = Array.from({ length: 6 }, (_, at) => all - at);
  const spread = Array.from({ length: KILLS }, (_, at) => 1 + Math.floor(((all - 6) * at) / KILLS));
  let killed = false;
  const left = new Set<string>();
  for (const step of [...spread, ...last]) {
    bucket.dispose();
    bucket = await goBucket(fleet);
    const before = bucket.rows("SELECT * FROM allocations");
    const { signal } = await bucket.start(["import"], killer({ step })).ended;
    left.add(isOld() ? "the old bucket" : "the new bucket");
    if (isOld()) {
      expect(bucket.rows("SELECT * FROM allocations")).toEqual(before);
      expect(await bucket.maand("import")).toMatchObject({ code: 0 });
    }
    await expectComplete();
    expect(signal === "SIGKILL" || signal === null).toBe(true);
    killed ||= signal === "SIGKILL";
  }
  expect([killed, [...left].sort()]).toEqual([true, ["the new bucket", "the old bucket"]]);
});

it("an import that is interrupted by Ctrl-C either changes nothing or completes, and can be repeated", async () => {
  const running = bucket.start(["import"]);
  running.kill("SIGINT");
  const { code } = await running.ended;
  expect(isOld() ? [130, 1, null].includes(code) : code === 0).toBe(true);
  if (isOld()) expect(await bucket.maand("import")).toMatchObject({ code: 0 });
  await expectComplete();
});

describe("an import while a worker is down", () => {
  it("can be completed later, and the worker's jobs keep running", async () => {
    await bucket.worker(C).cutOff();
    const first = await bucket.maand("import");
    expect(first.code).toBe(1);
    expect(first.stdout).toContain(`later: ${C}: `);
    expect(first.stdout).toContain("1 worker remaining: run maand import again when it is up");
    expect((await bucket.maand("deploy", "--dry-run")).stdout).toContain('job "web": skip');
    await bucket.worker(C).start();
    const refused = await bucket.maand("job", "run", "web", "--target", "migrate");
    expect(refused.stderr).toContain(`${C}`);
    expect(refused.stderr).toContain("maand import");
    const again = await bucket.maand("import");
    expect(again).toMatchObject({ code: 0 });
    expect(again.stdout).toContain("imported; no job was restarted");
    expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
    await expectComplete();
    expect(await bucket.maand("job", "run", "web", "--target", "migrate")).toMatchObject({ code: 0 });
    expect(await bucket.ran("web", C)).toEqual(["migrate"]);
    expect((await bucket.maand("import")).stdout).toContain("nothing to import");
  });

  it("lists changes on the worker when the import is completed", async () => {
    await bucket.worker(C).cutOff();
    await bucket.maand("import");
    await bucket.worker(C).start();
    await bucket.worker(C).write(`${bucket.home}/jobs/web/html/index.html`, "<h1>by hand</h1>\n");
    const before = bucket.fingerprint();
    const dry = await bucket.maand("import", "--dry-run");
    expect(dry).toMatchObject({ code: 2, stdout: expect.stringContaining(`web on ${C}: html/index.html`) });
    expect(bucket.fingerprint()).toEqual(before);
    expect(await bucket.maand("import", "--accept")).toMatchObject({ code: 0 });
    expect(await bucket.ran("web", C)).toEqual([]);
  });

  it("fails and imports nothing if all workers are down", async () => {
    for (const host of GO_HOSTS) await bucket.worker(host).cutOff();
    const { code, stderr } = await bucket.maand("import");
    for (const host of GO_HOSTS) await bucket.worker(host).start();
    expect(code).toBe(1);
    expect(stderr).toContain("no worker could be read, so nothing was imported");
    expect(isOld()).toBe(true);
  });
});

it("an import is refused while the Go program is running a command", async () => {
  const sqlite = createRequire(new URL("../../../packages/core/package.json", import.meta.url)).resolve(
    "better-sqlite3",
  );
  const script = `const db = new (require(${JSON.stringify(sqlite)}))(process.argv[1]); db.exec("BEGIN IMMEDIATE"); console.log("held"); process.stdin.resume();`;
  const holder = spawn(process.execPath, ["-e", script, join(bucket.root, "data/maand.db")]);
  await once(holder.stdout, "data");
  const { code, stderr } = await bucket.maand("import");
  holder.kill("SIGKILL");
  await once(holder, "exit");
  expect(code).toBe(3);
  expect(stderr).toContain("the Go program is running a command on");
  expect(isOld()).toBe(true);
});
