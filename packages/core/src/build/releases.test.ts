import { execFileSync } from "node:child_process";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { rollback } from "../deploy/release/rollback.ts";
import { contentHash } from "../domain/deploy/digest.ts";
import { MaandError } from "../errors.ts";
import { gc } from "../jobs/gc.ts";
import type { Store } from "../store/store.ts";
import { jobReleases } from "../store/views/releases.ts";
import { aBucket, type TestBucket } from "../testing/index.ts";

const A = "10.0.0.1";
const B = "10.0.0.2";

let bucket: TestBucket;

beforeEach(() => {
  bucket = aBucket();
  bucket.workers(A, B);
  bucket.job("api", { selectors: ["worker"], version: "1.0.0" }, { "app.conf": "one\n" });
});

afterEach(() => bucket.dispose());

async function stored<T>(work: (store: Store) => T): Promise<T> {
  const opened = await bucket.open();
  try {
    return work(opened.store);
  } finally {
    opened.close();
  }
}

const releases = () => stored((store) => jobReleases(store, "api"));

/** `r2 1.1.0 good 10.0.0.1 wanted`, newest first. */
async function lines(): Promise<string[]> {
  return (await releases()).map(({ release, version, verdict, hosts, isWanted }) =>
    [release, version, verdict, ...hosts, ...(isWanted ? ["wanted"] : [])].join(" "),
  );
}

const write = (version: string, text = "one\n") =>
  bucket.job("api", { selectors: ["worker"], version }, { "app.conf": text });

describe("a build", () => {
  it("creates a numbered release of each changed job, and no release without a change", async () => {
    await bucket.build();
    await bucket.build();
    write("1.0.0", "two\n");
    bucket.job("web", { selectors: ["worker"] });
    await bucket.build();
    expect(await lines()).toEqual(["r2 1.0.0 never deployed wanted", "r1 1.0.0 never deployed"]);
    expect(await stored((store) => jobReleases(store, "web").map(({ release }) => release))).toEqual(["r1"]);
  });

  it("reuses the number of an earlier release if a job has the same content again", async () => {
    await bucket.build();
    write("1.1.0");
    await bucket.build();
    write("1.0.0");
    await bucket.build();
    expect(await lines()).toEqual(["r2 1.1.0 never deployed", "r1 1.0.0 never deployed wanted"]);
  });

  it("records the user and the git commit of the workspace with each release", async () => {
    const git = (...args: readonly string[]) =>
      execFileSync("git", [
        "-C",
        join(bucket.root, "workspace"),
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b.c",
        ...args,
      ]);
    git("init", "-q");
    git("add", ".");
    git("commit", "-qm", "first");
    const head = git("rev-parse", "HEAD").toString().trim();
    await bucket.build();
    write("1.1.0");
    await bucket.build();
    expect((await releases()).map(({ commit }) => commit)).toEqual([`${head}+changes`, head]);
    expect((await releases())[0]?.createdBy).not.toBe("");
  });
});

describe("a release", () => {
  it("is good once it was healthy on all active allocations, and lists the hosts where it runs", async () => {
    await bucket.ship();
    expect(await lines()).toEqual([`r1 1.0.0 good ${A} ${B} wanted`]);
    write("1.1.0");
    await bucket.build();
    expect(await lines()).toEqual(["r2 1.1.0 never deployed wanted", `r1 1.0.0 good ${A} ${B}`]);
    await bucket.deploy();
    expect(await lines()).toEqual([`r2 1.1.0 good ${A} ${B} wanted`, "r1 1.0.0 good"]);
  });

  it("is bad after a command of its rollout has failed, and good after the command has succeeded", async () => {
    await bucket.ship();
    write("1.1.0");
    bucket.fleet.fail(`restart api@${B}`);
    expect((await bucket.ship()).outcome).toBe("failed");
    const [newest] = await releases();
    expect(newest).toMatchObject({ verdict: "bad", hosts: [A], bad: expect.stringContaining("restart") });
    bucket.fleet.repair();
    await bucket.deploy();
    expect((await lines())[0]).toBe(`r2 1.1.0 good ${A} ${B} wanted`);
  });

  it("does not become bad if a worker cannot be reached", async () => {
    await bucket.ship();
    write("1.1.0");
    bucket.fleet.fail(`connect ${B}`, new MaandError({ code: "UNREACHABLE", message: "no route" }));
    await bucket.ship();
    expect((await releases())[0]?.verdict).toBe("unconfirmed");
  });

  it("is recorded as deployed without any action if it changes nothing on the workers", async () => {
    await bucket.ship();
    bucket.write("jobs/api/_modules/note.txt", "only on this machine\n");
    const { outcome, allocations } = await bucket.ship();
    expect([outcome, ...allocations.map(({ action }) => action)]).toEqual(["ok", "skip", "skip"]);
    expect(await lines()).toEqual([`r2 1.0.0 good ${A} ${B} wanted`, "r1 1.0.0 good"]);
  });
});

describe("a store of an older maand", () => {
  /** Restores the state of a store from before releases were numbered. */
  function age(): void {
    const db = new Sqlite(join(bucket.root, "data/maand.db"));
    db.exec("UPDATE promoted SET release = NULL; DELETE FROM release");
    db.exec("UPDATE job SET spec = json_remove(spec, '$.release')");
    db.close();
  }

  it("records the running content of a job as r1, and its new content as r2, with the next build", async () => {
    await bucket.ship();
    age();
    write("1.1.0");
    await bucket.build();
    expect(await lines()).toEqual(["r2 1.1.0 never deployed wanted", `r1 1.0.0 good ${A} ${B}`]);
  });

  it("records an unchanged job as r1 with the next build, and as running with the next deploy", async () => {
    await bucket.ship();
    age();
    await bucket.ship();
    expect(await lines()).toEqual([`r1 1.0.0 good ${A} ${B} wanted`]);
  });

  it("refuses a rollback before the next build, with the command to run as a hint", async () => {
    await bucket.ship();
    write("1.1.0");
    await bucket.build();
    const opened = await bucket.open();
    opened.store.bucket.setBuilt({ selector: "", maxBytes: 1, parts: {} });
    await expect(rollback(opened, { jobs: ["api"], to: "r1" })).rejects.toMatchObject({
      hint: "run maand build first",
    });
    opened.close();
  });
});

describe("the retention of releases", () => {
  it("keeps the newest releases up to keep_releases, the running release, and their contents", async () => {
    bucket.write("../maand.conf", 'transport = "fake"\nkeep_releases = 2\n');
    await bucket.ship();
    for (const text of ["two\n", "three\n", "four\n", "five\n"]) {
      write("1.0.0", text);
      await bucket.build();
    }
    expect((await releases()).map(({ release }) => release)).toEqual(["r5", "r4", "r1"]);
    const texts = await stored((store) =>
      [1, 4, 5].map((number) => {
        const file = store.releases.content("api", number)?.files.find(({ path }) => path === "app.conf");
        return Buffer.from(store.contents.read(file?.hash ?? "")).toString();
      }),
    );
    expect(texts).toEqual(["one\n", "four\n", "five\n"]);
    const gone = contentHash("two\n");
    expect(await stored((store) => store.contents.find(gone))).toBeUndefined();
  });

  it("deletes the releases of a removed job", async () => {
    await bucket.build();
    bucket.removeJob("api");
    await bucket.ship();
    const opened = await bucket.open();
    await gc(opened).finally(() => opened.close());
    expect(await releases()).toEqual([]);
  });
});
